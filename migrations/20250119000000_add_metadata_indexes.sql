-- Filters on metadata and on type within an index; `dynamics`, which older servers cached in metadata, goes.

-- One statement, so that the trigger comes back whatever happens: cleaning up is no change of the memory,
-- and updated_at keeps its value.
DO $$
BEGIN
    IF EXISTS (SELECT FROM memories WHERE metadata ? 'dynamics') THEN
        ALTER TABLE memories DISABLE TRIGGER memories_updated_at;
        UPDATE memories SET metadata = metadata - 'dynamics' WHERE metadata ? 'dynamics';
        ALTER TABLE memories ENABLE TRIGGER memories_updated_at;
    END IF;
END
$$;

CREATE INDEX IF NOT EXISTS idx_memories_type_topic_priority
    ON memories (index_id, memory_type, topic, current_priority DESC);
CREATE INDEX IF NOT EXISTS idx_memory_relationships_source_type
    ON memory_relationships (source_id, relationship_type);
CREATE INDEX IF NOT EXISTS idx_memory_relationships_target_type
    ON memory_relationships (target_id, relationship_type);
CREATE INDEX IF NOT EXISTS idx_memories_metadata_gin ON memories USING gin (metadata jsonb_path_ops);
