"""Nearest memories by cosine, with whatever vector index the table has at the moment.

A fresh database has ivfflat with one list, which is exact. A grown one may have been moved to HNSW, over
`vector` or over `halfvec`; the query must name the same expression as the index, or PostgreSQL reads every row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final
from uuid import UUID

from memory_mcp.embeddings.vectors import literal
from memory_mcp.store.conditions import Condition
from memory_mcp.store.database import Connection
from memory_mcp.store.memories import COLUMNS
from memory_mcp.store.records import Memory

EF_SEARCH: Final = 100
_NAMES: Final = ", ".join(field.name for field in fields(Memory) if field.name != "score")
OVER_FETCH: Final = 4  # half-precision distances choose 4 × limit rows, full precision orders them

_INDEXES: Final = """
    SELECT am.amname AS method, op.opcname AS operators,
        coalesce(array_to_string(c.reloptions, ','), '') AS options,
        coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'), '0') AS extension
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am am ON am.oid = c.relam
    JOIN pg_opclass op ON op.oid = x.indclass[0]
    WHERE x.indrelid = 'memories'::regclass AND x.indisvalid AND am.amname IN ('hnsw', 'ivfflat')
    ORDER BY am.amname
"""


@dataclass(frozen=True)
class Question:
    """What is looked for: a vector of the column's width, a condition on the rows, and how many at most."""

    vector: Sequence[float]
    condition: Condition
    limit: int


@dataclass(frozen=True)
class Plan:
    """How to ask: settings of this one transaction, and whether the index is over half-precision vectors."""

    settings: tuple[tuple[str, str], ...] = ()
    halfvec: bool = False


def plan(method: str, operators: str, options: str, extension: str) -> Plan:
    """Choose the settings for one vector index.

    Iterative scans (pgvector 0.8) go on reading when a filter threw rows away; before that version the setting
    does not exist and naming it is an error.
    """
    recent = tuple(int(part) for part in extension.split(".")[:2] if part.isdigit()) >= (0, 8)
    if method == "hnsw":
        settings = [("hnsw.ef_search", str(EF_SEARCH))]
    else:
        lists = next((int(o.removeprefix("lists=")) for o in options.split(",") if o.startswith("lists=")), 100)
        settings = [("ivfflat.probes", str(math.ceil(math.sqrt(lists))))]
    if recent:
        settings.append((f"{method}.iterative_scan", "relaxed_order"))
    return Plan(tuple(settings), operators.startswith("halfvec"))


async def read_plan(connection: Connection) -> Plan:
    """Look at the table's vector indexes; HNSW is preferred when there are several."""
    row = await (await connection.execute(_INDEXES)).fetchone()
    return plan(row["method"], row["operators"], row["options"], row["extension"]) if row else Plan()


async def nearest(connection: Connection, index_id: UUID, question: Question, how: Plan) -> list[Memory]:
    """Find the memories of an index that are nearest to the question, best first.

    Superseded memories are left out. The settings hold for this transaction only: behind a pooler the next one
    may belong to somebody else.
    """
    if how.settings:
        calls = ", ".join(["set_config(%s, %s, true)"] * len(how.settings))
        await connection.execute(f"SELECT {calls}", [text for pair in how.settings for text in pair])
    distance, fetch = "embedding <=> %s::vector", question.limit
    if how.halfvec:
        half = f"halfvec({len(question.vector)})"
        distance, fetch = f"embedding::{half} <=> %s::vector::{half}", question.limit * OVER_FETCH
    query = (
        f"WITH near AS MATERIALIZED (SELECT {COLUMNS}, embedding FROM memories "  # noqa: S608 - bound values only
        f"WHERE index_id = %s AND superseded_by_id IS NULL AND {question.condition.sql} "
        f"ORDER BY {distance} LIMIT %s) "
        f"SELECT {_NAMES}, 1 - (embedding <=> %s::vector) AS score FROM near ORDER BY score DESC, id LIMIT %s"
    )
    text = literal(question.vector)
    parameters = (index_id, *question.condition.parameters, text, fetch, text, question.limit)
    return [Memory(**row) async for row in await connection.execute(query, parameters)]
