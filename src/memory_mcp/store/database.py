"""Connections to the one database of a server: made when they are first needed, safe behind poolers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from memory_mcp.config import DatabaseTarget
from memory_mcp.db.connect import conninfo
from memory_mcp.store.failures import explain

Connection: TypeAlias = psycopg.AsyncConnection[DictRow]

WAIT_SECONDS: Final = 5.0


class Database:
    """A small pool. Nothing is opened before the first `transaction`, and idle connections are closed again,
    so a server that nobody uses keeps no hosted database awake.
    """

    def __init__(self, target: DatabaseTarget, connections: int = 4) -> None:
        self.target = target
        self._connections = connections
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give a connection inside a transaction: committed at the end, rolled back on any error.

        Statements travel together until a result is fetched, which counts when the database is far away: one
        without a fetch costs no time, and its error may come with the next fetch or at the end. `rowcount` is
        not known before a fetch either: let the statement return rows.

        Raises MemoryMcpError for everything that the database or the way to it can report.
        """
        with self.explained():
            pool = await self._opened()
            try:
                async with pool.connection() as connection, connection.pipeline():
                    yield connection
            except PoolTimeout:
                await (await self.connect()).close()  # the pool hides why it cannot connect; this attempt tells
                raise

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what psycopg raises inside into a MemoryMcpError."""
        try:
            yield
        except psycopg.Error as error:
            raise explain(error, self.target) from error

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.close()

    async def _opened(self) -> AsyncConnectionPool[Connection]:
        async with self._opening:
            if self._pool is None:
                # a wrong password is told at once, where the pool would wait until its time is up
                await (await self.connect()).close()
                pool = AsyncConnectionPool(
                    conninfo(self.target),
                    connection_class=psycopg.AsyncConnection[DictRow],
                    kwargs=self._options(),
                    min_size=0,
                    max_size=self._connections,
                    timeout=WAIT_SECONDS,
                    max_idle=120,
                    check=AsyncConnectionPool.check_connection,
                    open=False,
                )
                await pool.open()
                self._pool = pool
            return self._pool

    async def connect(self) -> Connection:
        """Open one connection outside of the pool; the caller closes it. Raises MemoryMcpError."""
        with self.explained():
            return await psycopg.AsyncConnection[DictRow].connect(conninfo(self.target), **self._options())

    def _options(self) -> dict[str, Any]:
        return {
            "row_factory": dict_row,
            # a pooler in transaction mode gives the next statement to another server process
            "prepare_threshold": None,
        }
