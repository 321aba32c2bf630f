-- The four tables of the memory server.
--
-- Every statement can be run again, so a run that was interrupted under plain `psql -f` is finished by
-- running the file once more.

-- Needs no privilege when the administrator has created it already, in whichever schema.
CREATE EXTENSION IF NOT EXISTS vector;

-- Optional: gen_random_uuid() is part of PostgreSQL since 13. Some servers do not ship pgcrypto.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgcrypto' AND installed_version IS NULL) THEN
        CREATE EXTENSION pgcrypto;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'pgcrypto is left out: % may not create it, and nothing here needs it', current_user;
END
$$;

-- Hosted databases keep extensions in a schema of their own: make the type visible, now and for later sessions.
DO $$
DECLARE
    home name := (SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
                  WHERE e.extname = 'vector');
BEGIN
    IF home <> ALL (current_schemas(true)) THEN
        PERFORM set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''),
                                                    quote_ident(home)), false);
        EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET search_path TO %s',
                       current_database(), current_setting('search_path'));
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS memory_indexes (
    id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    project     text        NOT NULL,
    name        text        NOT NULL,
    description text,
    metadata    jsonb       DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project, name),
    UNIQUE (id, project)    -- the target of memories' foreign key: a memory is in its index's project
);

CREATE INDEX IF NOT EXISTS idx_memory_indexes_name ON memory_indexes (name);

CREATE TABLE IF NOT EXISTS memories (
    id               text         PRIMARY KEY,  -- mem_<uuid>
    index_id         uuid         NOT NULL,
    project          text         NOT NULL,
    content          text         NOT NULL,
    embedding        vector(1536) NOT NULL,
    memory_type      text         NOT NULL,
    topic            text,
    importance       smallint     NOT NULL DEFAULT 0,  -- 0 low, 1 medium, 2 high
    tags             text[]       DEFAULT '{}',
    source           text,                             -- user, file, system
    source_path      text,
    channel          text,
    initial_priority real         NOT NULL DEFAULT 0,
    current_priority real         NOT NULL DEFAULT 0,
    created_at       timestamptz  NOT NULL DEFAULT now(),
    updated_at       timestamptz  NOT NULL DEFAULT now(),
    last_accessed_at timestamptz,
    access_count     integer      NOT NULL DEFAULT 0,
    max_access_count integer      NOT NULL DEFAULT 0,
    sleep_cycles     integer      NOT NULL DEFAULT 0,
    stability        text         DEFAULT 'tentative',
    kind             text         DEFAULT 'raw',
    derived_from_ids text[],
    superseded_by_id text,
    metadata         jsonb        DEFAULT '{}',
    CONSTRAINT memories_index_fk FOREIGN KEY (index_id, project)
        REFERENCES memory_indexes (id, project) ON DELETE CASCADE,
    CONSTRAINT memories_superseded_by_fk FOREIGN KEY (superseded_by_id)
        REFERENCES memories (id) ON DELETE SET NULL,
    CONSTRAINT memories_memory_type_check
        CHECK (memory_type IN ('self', 'belief', 'pattern', 'episodic', 'semantic')),
    CONSTRAINT memories_importance_check CHECK (importance BETWEEN 0 AND 2),
    CONSTRAINT memories_priority_check
        CHECK (initial_priority BETWEEN 0 AND 1 AND current_priority BETWEEN 0 AND 1),
    CONSTRAINT memories_stability_check CHECK (stability IN ('tentative', 'stable', 'canonical')),
    CONSTRAINT memories_kind_check CHECK (kind IN ('raw', 'summary', 'derived'))
);

CREATE INDEX IF NOT EXISTS idx_memories_index ON memories (index_id);
CREATE INDEX IF NOT EXISTS idx_memories_type_topic ON memories (memory_type, topic);
CREATE INDEX IF NOT EXISTS idx_memories_importance_priority ON memories (importance DESC, current_priority DESC);
CREATE INDEX IF NOT EXISTS idx_memories_recency ON memories (created_at DESC);
CREATE INDEX IF NOT EXISTS idx_memories_last_accessed ON memories (last_accessed_at DESC);
CREATE INDEX IF NOT EXISTS idx_memories_active_priority ON memories (current_priority DESC, created_at DESC)
    WHERE superseded_by_id IS NULL;
CREATE INDEX IF NOT EXISTS idx_memories_tags ON memories USING gin (tags);
CREATE INDEX IF NOT EXISTS idx_memories_priority_recency ON memories (current_priority DESC, last_accessed_at DESC);
-- One list is an exact scan: right for an empty table. `memory-mcp db tune` replaces it when the table has grown.
CREATE INDEX IF NOT EXISTS idx_memories_embedding_ivfflat ON memories
    USING ivfflat (embedding vector_cosine_ops) WITH (lists = 1);

CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER memories_updated_at BEFORE UPDATE ON memories
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE TABLE IF NOT EXISTS memory_relationships (
    id                uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    project           text        NOT NULL,
    source_id         text        NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    target_id         text        NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    relationship_type text        NOT NULL,
    confidence        real        DEFAULT 1,
    metadata          jsonb       DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source_id, target_id, relationship_type),
    CONSTRAINT memory_relationships_type_check CHECK (relationship_type IN (
        'summarizes', 'example_of', 'is_generalization_of', 'supports', 'contradicts',
        'causes', 'similar_to', 'historical_version_of', 'derived_from')),
    CONSTRAINT memory_relationships_confidence_check CHECK (confidence BETWEEN 0 AND 1)
);

CREATE INDEX IF NOT EXISTS idx_memory_relationships_source ON memory_relationships (source_id);
CREATE INDEX IF NOT EXISTS idx_memory_relationships_target ON memory_relationships (target_id);
CREATE INDEX IF NOT EXISTS idx_memory_relationships_type ON memory_relationships (relationship_type);

CREATE TABLE IF NOT EXISTS memory_usage_log (
    id              bigserial   PRIMARY KEY,
    project         text        NOT NULL,
    memory_id       text        REFERENCES memories (id) ON DELETE SET NULL,
    index_id        uuid        REFERENCES memory_indexes (id) ON DELETE SET NULL,
    action          text        NOT NULL,
    tool_name       text,
    success         boolean     NOT NULL,
    latency_ms      integer,
    priority_before real,
    priority_after  real,
    accessed_at     timestamptz NOT NULL DEFAULT now(),
    metadata        jsonb       DEFAULT '{}',
    CONSTRAINT memory_usage_log_action_check
        CHECK (action IN ('memorize', 'recall', 'forget', 'refine', 'scan'))
);

CREATE INDEX IF NOT EXISTS idx_memory_usage_log_accessed ON memory_usage_log (accessed_at DESC);
CREATE INDEX IF NOT EXISTS idx_memory_usage_log_memory ON memory_usage_log (memory_id, accessed_at DESC);
CREATE INDEX IF NOT EXISTS idx_memory_usage_log_index ON memory_usage_log (index_id, accessed_at DESC);
CREATE INDEX IF NOT EXISTS idx_memory_usage_log_action ON memory_usage_log (action, accessed_at DESC);

INSERT INTO memory_indexes (project, name, description)
VALUES ('default', 'memory', 'Default memory index for quickstart')
ON CONFLICT (project, name) DO NOTHING;
