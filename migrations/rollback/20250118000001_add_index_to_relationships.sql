-- Relationships lose their index; of those that only differ in it, the oldest stays.

DELETE FROM memory_relationships AS r USING memory_relationships AS older
WHERE (r.source_id, r.target_id, r.relationship_type) = (older.source_id, older.target_id, older.relationship_type)
  AND (r.created_at, r.id) > (older.created_at, older.id);

DROP INDEX IF EXISTS idx_memory_relationships_index;

ALTER TABLE memory_relationships
    DROP CONSTRAINT IF EXISTS memory_relationships_source_target_type_index_unique,
    DROP COLUMN IF EXISTS index_id,
    DROP CONSTRAINT IF EXISTS memory_relationships_source_id_target_id_relationship_type_key,
    ADD CONSTRAINT memory_relationships_source_id_target_id_relationship_type_key
        UNIQUE (source_id, target_id, relationship_type);
