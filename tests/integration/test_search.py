"""Searching with each kind of vector index that a database may have, against exact arithmetic."""

from __future__ import annotations

import random
import time
import uuid

import psycopg
import pytest
from psycopg.types.json import Jsonb

from memory_mcp.config import DatabaseTarget
from memory_mcp.embeddings.vectors import literal
from memory_mcp.filters import from_object
from memory_mcp.store import search
from memory_mcp.store.conditions import to_sql
from memory_mcp.store.database import Database
from tests.integration.serving import PROJECT, async_test

ROWS = 400
# definition, whether over halfvec, and how many of the five nearest an approximate index may miss: with random
# vectors the lists of ivfflat, which start at random, have no meaning, so only the number of results counts
INDEXES = {
    "none": (None, False, 0),
    "ivfflat, one list": ("ivfflat (embedding vector_cosine_ops) WITH (lists = 1)", False, 0),
    "ivfflat, ten lists": ("ivfflat (embedding vector_cosine_ops) WITH (lists = 10)", False, 5),
    "hnsw": ("hnsw (embedding vector_cosine_ops)", False, 1),
    "hnsw over halfvec": ("hnsw ((embedding::halfvec(1536)) halfvec_cosine_ops)", True, 1),
}


def vector(seed):
    generator = random.Random(seed)
    return [generator.gauss(0, 1) for _ in range(16)] + [0.0] * 1520


@pytest.fixture
def filled(migrated):
    index = uuid.uuid4()
    migrated.query("INSERT INTO memory_indexes (id, project, name) VALUES (%s, %s, 'big')", index, PROJECT)
    with psycopg.connect(migrated.url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO memories (id, index_id, project, content, embedding, memory_type, metadata) "
            "VALUES (%s, %s, %s, %s, %s::vector, 'semantic', %s)",
            [
                (f"mem_{n:04}", index, PROJECT, f"fact {n}", literal(vector(n)), Jsonb({"tenth": n % 10 == 0}))
                for n in range(ROWS)
            ],
        )
    return migrated, index


def exact(question, only_tenths):
    def cosine(n):
        other = vector(n)
        dot = sum(a * b for a, b in zip(question, other, strict=True))
        return dot / (sum(a * a for a in question) ** 0.5 * sum(b * b for b in other) ** 0.5)

    numbers = [n for n in range(ROWS) if not only_tenths or n % 10 == 0]
    return [f"mem_{n:04}" for n in sorted(numbers, key=lambda n: -cosine(n))[:5]]


@pytest.mark.parametrize("filters", [{}, {"tenth": True}], ids=["all", "filtered"])
@pytest.mark.parametrize("kind", INDEXES)
@async_test
async def test_the_nearest_are_found_with_every_kind_of_index(filled, kind, filters):
    migrated, index = filled
    definition, halfvec, may_miss = INDEXES[kind]
    migrated.query("DROP INDEX idx_memories_embedding_ivfflat")
    if definition:
        migrated.query(f"CREATE INDEX tested ON memories USING {definition}")
        # as on a table that is too big to be read whole, for the planner
        migrated.query(f'ALTER DATABASE "{migrated.name}" SET enable_seqscan = off')
        migrated.query(f'ALTER DATABASE "{migrated.name}" SET enable_sort = off')
    question = search.Question(vector("question"), to_sql(from_object(filters)), 5)
    database = Database(DatabaseTarget(PROJECT, migrated.url, "test"))
    async with database.transaction() as connection:
        how = await search.read_plan(connection)
        found = await search.nearest(connection, index, question, how)
    async with database.transaction() as connection:
        row = await (
            await connection.execute("SELECT current_setting('hnsw.ef_search', true) AS left")
        ).fetchone()
    await database.close()
    nearest = exact(question.vector, bool(filters))
    assert len(found) == len(nearest)
    assert len(set(nearest) - {memory.id for memory in found}) <= may_miss
    assert [memory.score for memory in found] == sorted((memory.score for memory in found), reverse=True)
    assert row["left"] in (None, "", "40")  # the setting ended with its transaction
    assert how.halfvec is halfvec
    if definition:
        assert wait_for_use(migrated), "the query did not use the vector index"


def wait_for_use(database):
    """PostgreSQL reports the use of an index some time after the session has ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if database.query("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'tested'") > [(0,)]:
            return True
        time.sleep(0.05)
    return False
