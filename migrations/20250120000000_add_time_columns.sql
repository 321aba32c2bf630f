-- When something was true (valid_at), when it was learnt (recorded_at), and how sure the date is.

-- Columns without a default first: existing rows then get their own dates, not the time of this migration.
ALTER TABLE memories
    ADD COLUMN IF NOT EXISTS valid_at timestamptz,
    ADD COLUMN IF NOT EXISTS recorded_at timestamptz,
    ADD COLUMN IF NOT EXISTS time_confidence real DEFAULT 1.0;

-- One statement, so that the trigger comes back whatever happens; a backfill is no change of the memory.
DO $$
BEGIN
    IF EXISTS (SELECT FROM memories WHERE valid_at IS NULL OR recorded_at IS NULL) THEN
        ALTER TABLE memories DISABLE TRIGGER memories_updated_at;
        UPDATE memories
        SET valid_at = coalesce(valid_at, created_at), recorded_at = coalesce(recorded_at, created_at)
        WHERE valid_at IS NULL OR recorded_at IS NULL;
        ALTER TABLE memories ENABLE TRIGGER memories_updated_at;
    END IF;
END
$$;

ALTER TABLE memories
    ALTER COLUMN valid_at SET DEFAULT now(),
    ALTER COLUMN recorded_at SET DEFAULT now(),
    DROP CONSTRAINT IF EXISTS memories_time_confidence_check,
    ADD CONSTRAINT memories_time_confidence_check
        CHECK (time_confidence IS NULL OR time_confidence BETWEEN 0 AND 1);

CREATE INDEX IF NOT EXISTS idx_memories_valid_at ON memories USING brin (valid_at) WHERE valid_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_memories_valid_priority ON memories (valid_at DESC, current_priority DESC)
    WHERE valid_at IS NOT NULL;

ALTER TABLE memory_relationships
    ADD COLUMN IF NOT EXISTS valid_at timestamptz,
    ADD COLUMN IF NOT EXISTS recorded_at timestamptz DEFAULT now(),
    ADD COLUMN IF NOT EXISTS temporal_ok boolean DEFAULT true,
    ADD COLUMN IF NOT EXISTS temporal_reason text;

-- A relationship cannot hold before both of its ends do.
UPDATE memory_relationships AS r SET valid_at = greatest(source.valid_at, target.valid_at)
FROM memories AS source, memories AS target
WHERE source.id = r.source_id AND target.id = r.target_id AND r.valid_at IS NULL;

CREATE INDEX IF NOT EXISTS idx_memory_relationships_valid_at ON memory_relationships (valid_at);

ALTER TABLE memory_relationships
    DROP CONSTRAINT IF EXISTS memory_relationships_type_check,
    ADD CONSTRAINT memory_relationships_type_check CHECK (relationship_type IN (
        'summarizes', 'example_of', 'is_generalization_of', 'supports', 'contradicts',
        'causes', 'similar_to', 'historical_version_of', 'derived_from',
        'leads_to', 'informs', 'consolidates', 'evolves_into'));
