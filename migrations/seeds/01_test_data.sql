-- Sample data for trying things out, all of it in project `test`. It can be run again; `memory-mcp db unseed`
-- or these two statements remove the memories with their relationships, and the indexes:
--
--     DELETE FROM memories WHERE project = 'test';
--     DELETE FROM memory_indexes WHERE project = 'test';
--
-- The usage log outlives what it describes, as it is meant to; unseed also removes its rows.

INSERT INTO memory_indexes (project, name, description) VALUES
    ('test', 'youtube-scripts', 'Scripts and ideas for videos'),
    ('test', 'crm-notes', 'Notes about customers'),
    ('test', 'personal', 'Personal facts and beliefs')
ON CONFLICT (project, name) DO NOTHING;

-- Embeddings are made up: memories of one theme point in a similar direction, every memory in its own.
-- They have the dimension that the column has.
WITH sample (number, index_name, theme, memory_type, topic, importance, kind, stability, derived_from, priority,
             age, content) AS (
    VALUES
    (1, 'personal', 1, 'self', 'identity', 2, 'raw', 'canonical', NULL, 0.9, 400,
        'I build tools that help people remember.'),
    (2, 'personal', 1, 'belief', 'work', 2, 'raw', 'canonical', NULL, 0.8, 300,
        'Small teams ship better software than large ones.'),
    (3, 'personal', 2, 'episodic', 'travel', 1, 'raw', 'tentative', NULL, 0.5, 40,
        'Took the night train to Vienna and slept badly.'),
    (4, 'personal', 2, 'pattern', 'travel', 1, 'derived', 'stable', '{mem_00000000-0000-4000-8000-000000000003}',
        0.6, 30, 'Sleeps badly on trains and is tired the day after.'),
    (5, 'crm-notes', 3, 'semantic', 'acme', 2, 'raw', 'stable', NULL, 0.7, 90,
        'Acme runs PostgreSQL 15 in two data centres.'),
    (6, 'crm-notes', 3, 'episodic', 'acme', 1, 'raw', 'tentative', NULL, 0.4, 20,
        'Call with Acme: they want backups tested every month.'),
    (7, 'crm-notes', 3, 'semantic', 'acme', 1, 'summary', 'stable',
        '{mem_00000000-0000-4000-8000-000000000005,mem_00000000-0000-4000-8000-000000000006}', 0.6, 10,
        'Acme: PostgreSQL 15, two data centres, monthly restore tests wanted.'),
    (8, 'youtube-scripts', 4, 'semantic', 'pgvector', 1, 'raw', 'stable', NULL, 0.5, 60,
        'An exact scan is fine below twenty thousand vectors.'),
    (9, 'youtube-scripts', 4, 'episodic', 'pgvector', 0, 'raw', 'tentative', NULL, 0.3, 15,
        'Viewers asked for a comparison of index types.'),
    (10, 'youtube-scripts', 4, 'belief', 'teaching', 1, 'raw', 'tentative', NULL, 0.4, 200,
        'Short videos teach more than long ones.')
)
INSERT INTO memories (id, index_id, project, content, embedding, memory_type, topic, importance, tags, source,
                      initial_priority, current_priority, created_at, valid_at, kind, stability, derived_from_ids,
                      metadata)
SELECT 'mem_00000000-0000-4000-8000-' || lpad(number::text, 12, '0'), i.id, 'test', content, vectors.embedding,
       memory_type, topic, importance, ARRAY[topic, 'sample'], 'user', priority, priority,
       now() - make_interval(days => age), now() - make_interval(days => age), sample.kind, stability,
       derived_from::text[], jsonb_build_object('seed', '01_test_data')
FROM sample
JOIN memory_indexes AS i ON (i.project, i.name) = ('test', sample.index_name)
CROSS JOIN LATERAL (
    SELECT array_agg(cos(theme * d) + 0.2 * sin(number * d) ORDER BY d)::vector AS embedding
    FROM generate_series(1, (SELECT atttypmod FROM pg_attribute
                             WHERE attrelid = 'memories'::regclass AND attname = 'embedding')) AS d
) AS vectors
ON CONFLICT (id) DO NOTHING;

-- The video belief was revised: the old one points to what replaced it.
UPDATE memories SET superseded_by_id = 'mem_00000000-0000-4000-8000-000000000008'
WHERE id = 'mem_00000000-0000-4000-8000-000000000010' AND superseded_by_id IS NULL;

INSERT INTO memory_relationships (project, index_id, source_id, target_id, relationship_type, confidence, valid_at)
SELECT 'test', source.index_id, source.id, target.id, link.type, link.confidence,
       greatest(source.valid_at, target.valid_at)
FROM (VALUES
    (7, 5, 'summarizes', 1.0), (7, 6, 'summarizes', 1.0), (4, 3, 'derived_from', 0.9),
    (1, 2, 'supports', 0.8), (8, 10, 'contradicts', 0.6), (9, 8, 'leads_to', 0.7)
) AS link (source, target, type, confidence)
JOIN memories AS source ON source.id = 'mem_00000000-0000-4000-8000-' || lpad(link.source::text, 12, '0')
JOIN memories AS target ON target.id = 'mem_00000000-0000-4000-8000-' || lpad(link.target::text, 12, '0')
ON CONFLICT (source_id, target_id, relationship_type, index_id) DO NOTHING;

-- The log has no natural key: rows of an earlier run make way.
DELETE FROM memory_usage_log WHERE project = 'test' AND metadata @> '{"seed": "01_test_data"}';

INSERT INTO memory_usage_log (project, memory_id, index_id, action, tool_name, success, latency_ms, metadata)
SELECT 'test', m.id, m.index_id, entry.action, entry.action, true, entry.latency, '{"seed": "01_test_data"}'
FROM (VALUES (1, 'memorize', 42), (5, 'memorize', 40), (5, 'recall', 12), (7, 'refine', 95), (8, 'recall', 11))
    AS entry (number, action, latency)
JOIN memories AS m ON m.id = 'mem_00000000-0000-4000-8000-' || lpad(entry.number::text, 12, '0');
