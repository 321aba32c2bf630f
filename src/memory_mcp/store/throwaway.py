"""An index for one smoke test: held by a lock that dies with the process, so leftovers can be told."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Final

from memory_mcp.store import indexes
from memory_mcp.store.database import Connection, Database

PREFIX: Final = "memory-mcp-smoke-"

_PATTERN: Final = f"^{PREFIX}[0-9]{{8}}T[0-9]{{6}}-[0-9a-f]{{8}}$"
_NAMES: Final = "SELECT name FROM memory_indexes WHERE project = %s AND name ~ %s ORDER BY name"
# Locks that end with the transaction also work behind poolers, which keep one server process until then.
_CLAIM: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_IS_DEAD: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0)) AS dead"
_COUNT: Final = """
    SELECT count(*) AS rows FROM memories m JOIN memory_indexes i ON i.id = m.index_id
    WHERE i.project = %s AND i.name = %s
"""


class Throwaway:
    """A name for an index, held by a lock; the index itself is made by whoever is being tested."""

    def __init__(self, database: Database, connection: Connection, name: str, swept: list[str]) -> None:
        self.name, self.swept = name, swept
        self._database, self._connection = database, connection

    async def count(self) -> int:
        """Count the memories in the index, past the server that wrote them."""
        with self._database.explained():
            cursor = await self._connection.execute(_COUNT, (self._database.target.project, self.name))
            row = await cursor.fetchone()
        return int(row["rows"]) if row else 0

    async def remove(self) -> None:
        """Remove the index, its memories and its usage log; nothing happens when it is not there."""
        with self._database.explained():
            await self._connection.rollback()
            await indexes.delete(self._connection, self._database.target.project, self.name)
            await self._connection.commit()


@asynccontextmanager
async def held(database: Database) -> AsyncIterator[Throwaway]:
    """Sweep up after dead runs, hold a new name, and remove what bears that name in the end, whatever happened.

    Raises MemoryMcpError when the database cannot be reached.
    """
    async with await database.connect() as connection:
        with database.explained():
            swept = await _sweep(connection, database.target.project)
            await connection.commit()
            name = f"{PREFIX}{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
            await connection.execute(_CLAIM, (name,))  # held until this transaction ends
        throwaway = Throwaway(database, connection, name, swept)
        try:
            yield throwaway
        finally:
            await throwaway.remove()


async def _sweep(connection: Connection, project: str) -> list[str]:
    """Remove the throw-away indexes of runs that are dead: nobody holds their names any more."""
    rows = await (await connection.execute(_NAMES, (project, _PATTERN))).fetchall()
    removed = []
    for name in (row["name"] for row in rows):
        answer = await (await connection.execute(_IS_DEAD, (name,))).fetchone()
        if answer and answer["dead"]:
            await indexes.delete(connection, project, name)
            removed.append(name)
    return removed
