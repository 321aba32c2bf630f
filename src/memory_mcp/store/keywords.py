"""Searching by words, and putting words and meaning together into one score."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from memory_mcp.embeddings.vectors import literal
from memory_mcp.store.conditions import Condition
from memory_mcp.store.database import Connection
from memory_mcp.store.memories import COLUMNS
from memory_mcp.store.records import Memory

# any of the words counts, in every language: no stemming, no stop words
_QUERY: Final = "replace(plainto_tsquery('simple', %s)::text, '&', '|')::tsquery"
_RANK: Final = f"ts_rank(to_tsvector('simple', content), {_QUERY}, 32)"  # 32: rank / (rank + 1), so 0..1


async def matching(
    connection: Connection, index_id: UUID, text: str, condition: Condition, limit: int
) -> list[str]:
    """Find the memories that hold words of a text, best first; reads every text of the index."""
    query = (
        f"SELECT id FROM memories WHERE index_id = %s AND superseded_by_id IS NULL AND {condition.sql} "  # noqa: S608
        f"AND to_tsvector('simple', content) @@ {_QUERY} ORDER BY {_RANK} DESC, id LIMIT %s"
    )
    cursor = await connection.execute(query, (index_id, *condition.parameters, text, text, limit))
    return [row["id"] async for row in cursor]


async def scored(
    connection: Connection, ids: list[str], text: str, vector: list[float], semantic_weight: float
) -> list[Memory]:
    """Score memories by meaning and words together, best first; the weight 1 means meaning alone."""
    mixed = f"%s * (1 - (embedding <=> %s::vector)) + %s * {_RANK}"
    query = f"SELECT {COLUMNS}, {mixed} AS score FROM memories WHERE id = ANY(%s) ORDER BY score DESC, id"  # noqa: S608
    parameters = (semantic_weight, literal(vector), 1 - semantic_weight, text, ids)
    return [Memory(**row) async for row in await connection.execute(query, parameters)]
