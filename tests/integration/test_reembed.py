"""`db reembed`: another model for an index, never two in one, and a wider column."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner

from memory_mcp.cli import main
from memory_mcp.config import DatabaseTarget
from memory_mcp.db import reembed, seed, verify, widen
from memory_mcp.embeddings.hashed import HashedEmbedder
from memory_mcp.errors import ConfigurationError

INDEX = "crm-notes"
VECTORS = """
SELECT m.id, embedding::text FROM memories AS m JOIN memory_indexes AS i ON i.id = index_id WHERE name = %s
"""


class Failing(HashedEmbedder):
    """A service that answers once, then goes away."""

    calls = 0

    async def embed(self, texts):
        self.calls += 1
        if self.calls > 1:
            raise RuntimeError("gone")
        return await super().embed(texts)


@pytest.fixture
def seeded(migrated):
    seed.seed(migrated.target)
    return migrated


@pytest.fixture
def target(seeded):
    return DatabaseTarget("test", seeded.url, "test")


def run(target, embedder=None):
    return asyncio.run(reembed.reembed(target, INDEX, embedder or HashedEmbedder(), lambda *_: None))


def test_every_vector_of_the_index_is_new_and_nothing_else_changes(seeded, target):
    before = dict(seeded.query(VECTORS, INDEX))
    others = seeded.query(VECTORS, "personal")
    updated = seeded.query("SELECT id, updated_at FROM memories ORDER BY id")
    assert run(target).memories == len(before) == 3
    after = dict(seeded.query(VECTORS, INDEX))
    assert after.keys() == before.keys()
    assert all(after[key] != before[key] for key in after)
    assert seeded.query(VECTORS, "personal") == others
    assert seeded.query("SELECT id, updated_at FROM memories ORDER BY id") == updated
    model = "SELECT metadata -> 'embedding' ->> 'provider' FROM memory_indexes WHERE name = %s"
    assert seeded.query(model, INDEX) == [("hashed",)]
    assert seeded.query("SELECT count(*) FROM memory_mcp.reembedding") == [(0,)]
    assert verify.verify(target).ok


def test_an_interrupted_run_keeps_the_old_vectors_and_goes_on(seeded, target, monkeypatch):
    monkeypatch.setattr(reembed, "BATCH", 2)
    before = seeded.query(VECTORS, INDEX)
    with pytest.raises(RuntimeError):
        run(target, Failing())
    assert seeded.query(VECTORS, INDEX) == before
    assert seeded.query("SELECT count(*) FROM memory_mcp.reembedding") == [(2,)]
    asked = []

    class Counting(HashedEmbedder):
        async def embed(self, texts):
            asked.extend(texts)
            return await super().embed(texts)

    assert run(target, Counting()).memories == 3
    assert len(asked) == 1


def test_an_unknown_index_is_named(target):
    with pytest.raises(ConfigurationError, match="crm"):
        asyncio.run(reembed.reembed(target, "crm", HashedEmbedder(), lambda *_: None))


def test_a_wider_column_keeps_every_distance(seeded, target):
    distance = "(a.embedding <=> b.embedding)::numeric(10, 6)"
    distances = f"SELECT a.id, b.id, {distance} FROM memories AS a, memories AS b ORDER BY 1, 2"
    before = seeded.query(distances)
    assert widen.widen(target, 3072) == 1536
    assert seeded.query(distances) == before
    assert verify.verify(target).ok
    assert seeded.query("SELECT DISTINCT vector_dims(embedding) FROM memories") == [(3072,)]
    with pytest.raises(ConfigurationError, match="cannot be made 1536"):
        widen.widen(target, 1536)


def test_the_command_widens_and_reembeds(seeded):
    environment = {
        "DATABASE_URL": seeded.url,
        "MEMORY_EMBEDDING_PROVIDER": "hashed",
        "MEMORY_ACTIVE_PROJECT": "test",
    }
    arguments = ["db", "reembed", "--index", INDEX, "--dimensions", "2000", "--json"]
    answer = json.loads(CliRunner().invoke(main, arguments, env=environment).stdout)
    assert answer["ok"], answer
    assert (answer["index"], answer["memories"]) == (INDEX, 3)
    assert seeded.query("SELECT DISTINCT vector_dims(embedding) FROM memories") == [(2000,)]
