-- Removes the memory tables WITH ALL MEMORIES. Back up first (`memory-mcp db rollback` does).
--
-- The extensions stay: usually the administrator made them, only a superuser could make them again, and other
-- applications in this database may use them. Without CASCADE, views of others stop this file instead of
-- disappearing with it.

DROP TABLE IF EXISTS memory_usage_log;
DROP TABLE IF EXISTS memory_relationships;
DROP TABLE IF EXISTS memories;
DROP TABLE IF EXISTS memory_indexes;
DROP FUNCTION IF EXISTS update_updated_at_column();
