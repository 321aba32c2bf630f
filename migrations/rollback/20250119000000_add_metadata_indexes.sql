-- Only the indexes go. The key `dynamics`, which the migration removed from metadata, does not come back.

DROP INDEX IF EXISTS idx_memories_metadata_gin;
DROP INDEX IF EXISTS idx_memory_relationships_target_type;
DROP INDEX IF EXISTS idx_memory_relationships_source_type;
DROP INDEX IF EXISTS idx_memories_type_topic_priority;
