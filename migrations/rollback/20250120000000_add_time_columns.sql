-- Removes the time columns with what they hold, and the relationships of the four types that came with them.

DELETE FROM memory_relationships
WHERE relationship_type IN ('leads_to', 'informs', 'consolidates', 'evolves_into');

ALTER TABLE memory_relationships
    DROP CONSTRAINT IF EXISTS memory_relationships_type_check,
    ADD CONSTRAINT memory_relationships_type_check CHECK (relationship_type IN (
        'summarizes', 'example_of', 'is_generalization_of', 'supports', 'contradicts',
        'causes', 'similar_to', 'historical_version_of', 'derived_from')),
    DROP COLUMN IF EXISTS temporal_reason,
    DROP COLUMN IF EXISTS temporal_ok,
    DROP COLUMN IF EXISTS recorded_at,
    DROP COLUMN IF EXISTS valid_at;

-- Indexes and the check go with their columns.
ALTER TABLE memories
    DROP COLUMN IF EXISTS time_confidence,
    DROP COLUMN IF EXISTS recorded_at,
    DROP COLUMN IF EXISTS valid_at;
