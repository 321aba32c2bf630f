"""`db tune` on a real table: built concurrently, used by queries, accepted by verify, resumable."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from memory_mcp.cli import main
from memory_mcp.db import tune, verify
from memory_mcp.db.tune import EXACT, HNSW, Options

INDEXES = """
SELECT indexrelid::regclass::text, indisvalid FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
WHERE indrelid = 'memories'::regclass AND amname IN ('hnsw', 'ivfflat') ORDER BY 1
"""


@pytest.fixture
def grown(migrated):
    """A table of 300 memories with random vectors."""
    migrated.query(
        """INSERT INTO memories (id, index_id, project, content, embedding, memory_type)
        SELECT 'mem_' || n, i.id, 'default', 'x', v.value, 'semantic'
        FROM memory_indexes AS i, generate_series(1, 300) AS n, LATERAL (
            SELECT array_agg(sin(n * d + d * d))::vector AS value FROM generate_series(1, 1536) AS d) AS v"""
    )
    return migrated


def explained(database, vector: str) -> str:
    """How PostgreSQL finds the nearest when it may not read a table of 300 rows from end to end."""
    database.query(f'ALTER DATABASE "{database.name}" SET enable_seqscan = off')
    query = f"SELECT id FROM memories ORDER BY {vector} <=> (SELECT {vector} FROM memories LIMIT 1) LIMIT 5"
    return "\n".join(row[0] for row in database.query(f"EXPLAIN {query}"))


def run(database, **options):
    return tune.tune(database.target, Options(**options), lambda *_: None)


def test_a_small_table_is_left_alone(grown):
    assert run(grown).build is None
    assert grown.query(INDEXES) == [(EXACT, True)]


def test_a_grown_table_moves_to_hnsw_and_back_costs_nothing(grown):
    run(grown, grown=100, memory="64MB")
    assert grown.query(INDEXES) == [(HNSW, True)]
    assert verify.verify(grown.target).ok
    assert HNSW in explained(grown, "embedding::halfvec(1536)")
    assert run(grown, grown=100).build is None


def test_full_precision_serves_plain_queries(grown):
    run(grown, grown=100, precision="full")
    assert HNSW in explained(grown, "embedding")


def test_what_an_interrupted_build_left_is_built_again(grown):
    grown.query(f"CREATE INDEX {HNSW} ON memories USING hnsw ((embedding::halfvec(1536)) halfvec_cosine_ops)")
    grown.query(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{HNSW}'::regclass")
    run(grown, grown=100)
    assert grown.query(INDEXES) == [(HNSW, True)]


def test_a_dry_run_changes_nothing(grown):
    result = CliRunner().invoke(
        main, ["db", "tune", "--dry-run", "--from-rows", "100", "--json"], env={"DATABASE_URL": grown.url}
    )
    answer = json.loads(result.stdout)
    assert (answer["built"], answer["dropped"], answer["dry_run"]) == (HNSW, [EXACT], True)
    assert grown.query(INDEXES) == [(EXACT, True)]
