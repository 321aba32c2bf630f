"""Makes an index's vectors anew with another model, without ever mixing two models in one index.

New vectors are collected beside the memories, in a table that survives an interruption: what an embedding
service was paid for is not asked for twice. Then one transaction exchanges them all and records the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import lock
from memory_mcp.db.connect import Connection, check_server, connect
from memory_mcp.db.runner import LIMITS
from memory_mcp.embeddings import Embedder
from memory_mcp.embeddings.vectors import fit, literal
from memory_mcp.errors import ConfigurationError

BATCH = 100
Progress = Callable[[int, int], None]

_STAGE = """
CREATE TABLE IF NOT EXISTS memory_mcp.reembedding (
    memory_id text, model text, content_md5 text, embedding vector, PRIMARY KEY (memory_id, model))
"""
_STAGED = """
LEFT JOIN memory_mcp.reembedding AS s
ON s.memory_id = m.id AND s.model = %(model)s AND s.content_md5 = md5(m.content)
WHERE m.index_id = %(index)s
"""
_COUNT = f"SELECT count(*), count(s.memory_id) FROM memories AS m {_STAGED}"  # noqa: S608 - constants
_NEXT = f"""
SELECT m.id, m.content FROM memories AS m {_STAGED} AND s.memory_id IS NULL ORDER BY m.id LIMIT %(batch)s
"""  # noqa: S608
_ADD = """
INSERT INTO memory_mcp.reembedding VALUES (%s, %s, md5(%s), %s::vector)
ON CONFLICT (memory_id, model) DO UPDATE
SET (content_md5, embedding) = (excluded.content_md5, excluded.embedding)
"""
_EXCHANGE = """
UPDATE memories AS m SET embedding = s.embedding FROM memory_mcp.reembedding AS s
WHERE m.index_id = %(index)s AND s.memory_id = m.id AND s.model = %(model)s
"""
_RECORD = """
UPDATE memory_indexes SET metadata = jsonb_set(coalesce(metadata, '{}'), '{embedding}', %s) WHERE id = %s
"""
_CLEAN = """
DELETE FROM memory_mcp.reembedding AS s USING memories AS m WHERE m.id = s.memory_id AND m.index_id = %(index)s
"""


@dataclass(frozen=True)
class Reembedded:
    """How many memories of which index got new vectors, of which model."""

    index: str
    memories: int
    model: str


async def reembed(target: DatabaseTarget, name: str, embedder: Embedder, progress: Progress) -> Reembedded:
    """Re-embeds index `name` of the target's project. Raises ConfigurationError when there is no such index."""
    with connect(target, f"re-embedding {name}") as connection:
        check_server(connection)
        index, width = _find(connection, target.project, name), _width(connection)
        with lock.held(connection, 60, LIMITS):
            connection.execute("CREATE SCHEMA IF NOT EXISTS memory_mcp")
            connection.execute(_STAGE)
        values = {"index": index, "model": embedder.model, "batch": BATCH}
        while True:
            await _collect(connection, values, width, embedder, progress)
            done = _exchange(connection, values, embedder)
            if done is not None:
                return Reembedded(name, done, embedder.model)


async def _collect(
    connection: Connection, values: dict[str, Any], width: int, embedder: Embedder, progress: Progress
) -> None:
    """Embeds whatever has no new vector yet, batch by batch."""
    while rows := connection.execute(_NEXT, values).fetchall():
        vectors = await embedder.embed([content for _, content in rows])
        with connection.transaction():
            for (memory, content), vector in zip(rows, vectors, strict=True):
                fitting = literal(fit(vector, width, embedder.model))
                connection.execute(_ADD, [memory, embedder.model, content, fitting])
        counted = connection.execute(_COUNT, values).fetchone() or (0, 0)
        progress(counted[1], counted[0])


def _exchange(connection: Connection, values: dict[str, Any], embedder: Embedder) -> int | None:
    """Exchanges all vectors at once; None when memories were added meanwhile and have none yet."""
    with lock.held(connection, 60, LIMITS):
        # no writer between the last look and the end; readers go on. A new vector is no change of the memory,
        # so updated_at keeps its value.
        connection.execute("LOCK TABLE memories IN SHARE ROW EXCLUSIVE MODE")
        total, ready = connection.execute(_COUNT, values).fetchone() or (0, 0)
        if ready < total:
            return None
        connection.execute("ALTER TABLE memories DISABLE TRIGGER memories_updated_at")
        done = connection.execute(_EXCHANGE, values).rowcount
        connection.execute("ALTER TABLE memories ENABLE TRIGGER memories_updated_at")
        model = {"provider": embedder.provider, "model": embedder.model, "dimensions": embedder.dimensions or 0}
        connection.execute(_RECORD, [Jsonb(model), values["index"]])
        connection.execute(_CLEAN, values)
    return done


def _find(connection: Connection, project: str, name: str) -> Any:
    rows = connection.execute("SELECT name, id FROM memory_indexes WHERE project = %s", [project]).fetchall()
    found = {row[0]: row[1] for row in rows}
    if name not in found:
        raise ConfigurationError(
            f"there is no index {name!r} in project {project!r}",
            f"it has: {', '.join(sorted(found)) or 'no index yet'}",
            "name one of those with --index",
        )
    return found[name]


def _width(connection: Connection) -> int:
    row = connection.execute(
        "SELECT atttypmod FROM pg_attribute WHERE attrelid = to_regclass('memories') AND attname = 'embedding'"
    ).fetchone()
    return int(row[0]) if row else 0
