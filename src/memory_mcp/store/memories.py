"""The table memories: writing, reading by id or filter, deleting; and the usage log that goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from memory_mcp.embeddings.vectors import literal
from memory_mcp.store.conditions import Condition
from memory_mcp.store.database import Connection
from memory_mcp.store.records import Index, Memory, NewMemory

COLUMNS: Final = """
    id, content, memory_type, topic, importance, coalesce(tags, '{}') AS tags, source, source_path, channel,
    coalesce(kind, 'raw') AS kind, coalesce(stability, 'tentative') AS stability, current_priority,
    access_count, created_at, last_accessed_at, valid_at, derived_from_ids, coalesce(metadata, '{}') AS metadata
"""
_INSERT: Final = """
    INSERT INTO memories (
        id, index_id, project, content, embedding, memory_type, topic, importance, tags, source, source_path,
        channel, kind, stability, derived_from_ids, initial_priority, current_priority, valid_at, metadata
    ) VALUES (
        %(id)s, %(index_id)s, %(project)s, %(content)s, %(embedding)s::vector, %(memory_type)s, %(topic)s,
        %(importance)s, %(tags)s, %(source)s, %(source_path)s, %(channel)s, %(kind)s, %(stability)s,
        %(derived_from_ids)s, %(priority)s, %(priority)s, coalesce(%(valid_at)s, now()), %(metadata)s
    )
"""
_SAME: Final = """
    SELECT DISTINCT ON (content) content, id FROM memories
    WHERE index_id = %s AND content = ANY(%s) AND superseded_by_id IS NULL ORDER BY content, created_at
"""
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('memories of ' || %s, 0))"
_DELETE: Final = "DELETE FROM memories WHERE index_id = %s AND id = ANY(%s) RETURNING id"
# rows are locked in one order, so that two questions with the same answers cannot block each other for ever
_TOUCH: Final = """
    WITH wanted AS (
        SELECT m.id, m.current_priority AS before, w.priority AS after
        FROM memories m JOIN unnest(%(ids)s::text[], %(priorities)s::real[]) AS w (id, priority) USING (id)
        ORDER BY m.id FOR NO KEY UPDATE OF m
    ), touched AS (
        UPDATE memories m SET last_accessed_at = now(), access_count = m.access_count + 1,
            max_access_count = greatest(m.max_access_count, m.access_count + 1), current_priority = w.after
        FROM wanted w WHERE m.id = w.id RETURNING m.id, w.before, w.after
    )
    INSERT INTO memory_usage_log
        (project, memory_id, index_id, action, tool_name, success, latency_ms, priority_before, priority_after)
    SELECT %(project)s, id, %(index_id)s, 'recall', %(tool)s, true, %(latency)s, before, after FROM touched
"""
_LOG: Final = """
    INSERT INTO memory_usage_log
        (project, memory_id, index_id, action, tool_name, success, latency_ms, priority_after, metadata)
    VALUES (%(project)s, %(memory_id)s, %(index_id)s, %(action)s, %(tool)s, %(success)s, %(latency)s,
        %(priority)s, %(metadata)s)
"""


async def insert(
    connection: Connection, index: Index, rows: Sequence[tuple[NewMemory, Sequence[float]]], now: datetime
) -> None:
    """Write memories with their vectors, which already have the column's width."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _INSERT,
            [
                {
                    "id": new.id,
                    "index_id": index.id,
                    "project": index.project,
                    "content": new.content,
                    "embedding": literal(vector),
                    "memory_type": new.memory_type,
                    "topic": new.topic,
                    "importance": new.importance,
                    "tags": list(new.tags),
                    "source": new.source,
                    "source_path": new.source_path,
                    "channel": new.channel,
                    "kind": new.kind,
                    "stability": new.stability,
                    "derived_from_ids": list(new.derived_from_ids) or None,
                    "priority": new.priority_at(now),
                    "valid_at": new.valid_at,
                    "metadata": Jsonb(dict(new.metadata)),
                }
                for new, vector in rows
            ],
        )


async def lock(connection: Connection, index_id: UUID) -> None:
    """Let writers into an index one at a time until the transaction ends, so that no text gets in twice."""
    await connection.execute(_LOCK, (str(index_id),))


async def same_content(connection: Connection, index_id: UUID, contents: Sequence[str]) -> dict[str, str]:
    """Find which of these texts are stored already, word for word: text → id."""
    cursor = await connection.execute(_SAME, (index_id, list(contents)))
    return {row["content"]: row["id"] async for row in cursor}


async def matching(connection: Connection, index_id: UUID, condition: Condition, limit: int) -> list[Memory]:
    """Read the memories that a condition selects, most important first."""
    query = (
        f"SELECT {COLUMNS} FROM memories WHERE index_id = %s AND {condition.sql} "  # noqa: S608 - bound values only
        "ORDER BY current_priority DESC, created_at DESC, id LIMIT %s"
    )
    cursor = await connection.execute(query, (index_id, *condition.parameters, limit))
    return [Memory(**row) async for row in cursor]


async def delete(connection: Connection, index_id: UUID, ids: Sequence[str]) -> list[str]:
    """Delete by id inside one index; return the ids that were there."""
    cursor = await connection.execute(_DELETE, (index_id, list(ids)))
    return [row["id"] async for row in cursor]


async def touch(
    connection: Connection, index: Index, found: Sequence[Memory], tool: str, latency_ms: int
) -> None:
    """Count one more access of each memory, bring its priority up to date, and log that."""
    now = datetime.now(timezone.utc)
    await connection.execute(
        _TOUCH,
        {
            "ids": [memory.id for memory in found],
            "priorities": [memory.priority_at(now, extra_accesses=1) for memory in found],
            "project": index.project,
            "index_id": index.id,
            "tool": tool,
            "latency": latency_ms,
        },
    )


async def log(connection: Connection, index: Index, entries: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to memory_usage_log: action and tool, and what is known of memory_id, latency, priority …

    A deleted memory cannot be pointed at: its id goes into `metadata`.
    """
    defaults = {"memory_id": None, "success": True, "latency": None, "priority": None}
    fixed = {"project": index.project, "index_id": index.id}
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _LOG,
            [{**defaults, **entry, **fixed, "metadata": Jsonb(entry.get("metadata", {}))} for entry in entries],
        )
