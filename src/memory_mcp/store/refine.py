"""What refining reads and writes: candidates, similar pairs, priorities, mergers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from memory_mcp.refinement import Pair
from memory_mcp.store.database import Connection
from memory_mcp.store.records import Index

_SUPERSEDED: Final = "SELECT id FROM memories WHERE id = ANY(%s) AND superseded_by_id IS NOT NULL"
_SUMMARIZED: Final = """
    SELECT target_id AS id FROM memory_relationships
    WHERE target_id = ANY(%s) AND relationship_type = 'summarizes'
"""
_PAIRS: Final = """
    SELECT a.id AS a, b.id AS b, 1 - (a.embedding <=> b.embedding) AS similarity
    FROM memories a JOIN memories b ON a.id < b.id
    WHERE a.id = ANY(%(ids)s) AND b.id = ANY(%(ids)s) AND a.embedding <=> b.embedding <= %(distance)s
    ORDER BY similarity DESC, a.id, b.id
"""
_RELATED: Final = """
    SELECT target_id AS id FROM memory_relationships WHERE index_id = %(index_id)s AND source_id = ANY(%(ids)s)
    UNION SELECT source_id FROM memory_relationships WHERE index_id = %(index_id)s AND target_id = ANY(%(ids)s)
"""
_PRIORITIES: Final = """
    UPDATE memories m SET current_priority = w.priority, sleep_cycles = m.sleep_cycles + 1
    FROM unnest(%s::text[], %s::real[]) AS w (id, priority) WHERE m.id = w.id AND m.index_id = %s
    RETURNING m.id
"""
_SUPERSEDE: Final = """
    UPDATE memories SET superseded_by_id = %(target)s
    WHERE id = ANY(%(ids)s) AND index_id = %(index_id)s AND superseded_by_id IS NULL
        AND EXISTS (SELECT FROM memories WHERE id = %(target)s AND superseded_by_id IS NULL)
    RETURNING id
"""
# the keeper inherits tags and the highest use of those that it stands for
_INHERIT: Final = """
    UPDATE memories k SET
        tags = (SELECT coalesce(array_agg(DISTINCT tag), '{}') FROM memories m, unnest(m.tags) AS tag
                WHERE m.id = k.id OR m.id = ANY(%(ids)s)),
        importance = greatest(k.importance, merged.importance),
        access_count = greatest(k.access_count, merged.access_count),
        sleep_cycles = k.sleep_cycles + 1
    FROM (SELECT max(importance) AS importance, max(access_count) AS access_count
          FROM memories WHERE id = ANY(%(ids)s)) AS merged
    WHERE k.id = %(target)s
"""


async def superseded(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Tell which of these memories have a newer version."""
    return {row["id"] async for row in await connection.execute(_SUPERSEDED, (list(ids),))}


async def summarized(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Tell which of these memories have a summary."""
    return {row["id"] async for row in await connection.execute(_SUMMARIZED, (list(ids),))}


async def pairs(connection: Connection, ids: Sequence[str], similarity: float) -> list[Pair]:
    """Compare every memory of a list with every other; a few hundred take less than a second."""
    cursor = await connection.execute(_PAIRS, {"ids": list(ids), "distance": 1 - similarity})
    return [Pair(row["a"], row["b"], row["similarity"]) async for row in cursor]


async def related(connection: Connection, index: Index, ids: Sequence[str]) -> set[str]:
    """Follow the links of some memories one step, in both directions."""
    cursor = await connection.execute(_RELATED, {"index_id": index.id, "ids": list(ids)})
    return {row["id"] async for row in cursor}


async def set_priorities(connection: Connection, index: Index, priorities: Mapping[str, float]) -> int:
    """Write priorities and count one refinement each; return how many memories were still there."""
    cursor = await connection.execute(_PRIORITIES, (list(priorities), list(priorities.values()), index.id))
    return len(await cursor.fetchall())


async def supersede(connection: Connection, index: Index, target: str, ids: Sequence[str]) -> list[str]:
    """Let one memory stand for others; return those that were not superseded by something else meanwhile."""
    parameters = {"target": target, "ids": list(ids), "index_id": index.id}
    done = [row["id"] async for row in await connection.execute(_SUPERSEDE, parameters)]
    if done:
        await connection.execute(_INHERIT, {"target": target, "ids": done})
    return done
