-- A relationship belongs to an index, as its source memory does; the same pair may be related once per index.

ALTER TABLE memory_relationships ADD COLUMN IF NOT EXISTS index_id uuid;

UPDATE memory_relationships AS r SET index_id = m.index_id
FROM memories AS m WHERE m.id = r.source_id AND r.index_id IS NULL;

ALTER TABLE memory_relationships
    ALTER COLUMN index_id SET NOT NULL,
    DROP CONSTRAINT IF EXISTS memory_relationships_index_id_fkey,
    ADD CONSTRAINT memory_relationships_index_id_fkey
        FOREIGN KEY (index_id) REFERENCES memory_indexes (id) ON DELETE CASCADE,
    DROP CONSTRAINT IF EXISTS memory_relationships_source_id_target_id_relationship_type_key,
    DROP CONSTRAINT IF EXISTS memory_relationships_source_target_type_index_unique,
    ADD CONSTRAINT memory_relationships_source_target_type_index_unique
        UNIQUE (source_id, target_id, relationship_type, index_id);

CREATE INDEX IF NOT EXISTS idx_memory_relationships_index ON memory_relationships (index_id);
