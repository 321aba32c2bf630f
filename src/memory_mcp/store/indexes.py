"""The table memory_indexes: named collections of memories, and the model that made their vectors."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from memory_mcp.store.database import Connection
from memory_mcp.store.records import Index, Model

_COLUMNS: Final = "i.id, i.project, i.name, i.description, i.metadata -> 'embedding' AS model, i.created_at"

_CREATE: Final = """
    INSERT INTO memory_indexes (project, name, description) VALUES (%s, %s, %s)
    ON CONFLICT (project, name) DO NOTHING
    RETURNING id
"""
_DESCRIBE: Final = "UPDATE memory_indexes SET description = %s WHERE project = %s AND name = %s"
# the width is read with the index every time: an administrator may widen the column under a running server
_FIND: Final = f"""
    SELECT {_COLUMNS}, a.atttypmod AS width FROM memory_indexes i
    JOIN pg_attribute a ON a.attrelid = 'memories'::regclass AND a.attname = 'embedding'
    WHERE i.project = %s AND i.name = %s
"""  # noqa: S608
_LIST: Final = f"""
    SELECT {_COLUMNS}, coalesce(m.memories, 0) AS memories, m.last_written_at
    FROM memory_indexes i
    LEFT JOIN (
        SELECT index_id, count(*) AS memories, max(updated_at) AS last_written_at
        FROM memories GROUP BY index_id
    ) m ON m.index_id = i.id
    WHERE i.project = %s ORDER BY i.name
"""  # noqa: S608
# the first writer decides; a second one at the same moment waits for the row and then finds it decided
_RECORD_MODEL: Final = """
    UPDATE memory_indexes SET metadata = jsonb_set(coalesce(metadata, '{}'), '{embedding}', %s)
    WHERE id = %s AND coalesce(metadata, '{}') -> 'embedding' IS NULL
"""
_MODEL: Final = "SELECT metadata -> 'embedding' AS model FROM memory_indexes WHERE id = %s"
# in one statement: a writer commits the model together with the first memories
_FILLED: Final = """
    SELECT metadata -> 'embedding' AS model, EXISTS (SELECT FROM memories WHERE index_id = i.id) AS found
    FROM memory_indexes i WHERE id = %s
"""
_FORGET_USAGE: Final = """
    DELETE FROM memory_usage_log u USING memory_indexes i
    WHERE u.index_id = i.id AND i.project = %s AND i.name = %s
"""
_DELETE: Final = "DELETE FROM memory_indexes WHERE project = %s AND name = %s RETURNING id"


async def create(connection: Connection, project: str, name: str, description: str | None = None) -> bool:
    """Make an index; False when it is there already. A description that is given replaces the old one."""
    made = await (await connection.execute(_CREATE, (project, name, description))).fetchone()
    if made is None and description is not None:
        await connection.execute(_DESCRIBE, (description, project, name))
    return made is not None


async def find(connection: Connection, project: str, name: str) -> Index | None:
    """Look one index up by name, without counting what is in it."""
    row = await (await connection.execute(_FIND, (project, name))).fetchone()
    return _index(row) if row else None


async def list_all(connection: Connection, project: str) -> list[Index]:
    """Every index of a project with the number of its memories, by name."""
    return [_index(row) async for row in await connection.execute(_LIST, (project,))]


async def record_model(connection: Connection, index_id: UUID, model: Model) -> Model | None:
    """Write down which model fills the index, unless one is written down; return what is there afterwards."""
    await connection.execute(_RECORD_MODEL, (Jsonb(model.as_json()), index_id))
    row = await (await connection.execute(_MODEL, (index_id,))).fetchone()
    return Model.from_json(row["model"]) if row else None


async def filled(connection: Connection, index_id: UUID) -> tuple[bool, Model | None]:
    """Tell whether the index holds at least one memory, and which model is written down at that moment."""
    row = await (await connection.execute(_FILLED, (index_id,))).fetchone()
    return (bool(row["found"]), Model.from_json(row["model"])) if row else (False, None)


async def delete(connection: Connection, project: str, name: str) -> bool:
    """Remove an index with everything in it, its usage log too; False when there was none."""
    await connection.execute(_FORGET_USAGE, (project, name))
    return await (await connection.execute(_DELETE, (project, name))).fetchone() is not None


def _index(row: dict[str, Any]) -> Index:
    return Index(**{**row, "model": Model.from_json(row["model"])})
