"""What every tool shares: the database, the embedder, and the rule that one index has one embedding model.

Everything is made when a tool first needs it. A server whose database is down or whose model is missing still
answers the client's handshake, and the tool call says what is wrong.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from memory_mcp.config import Settings
from memory_mcp.embedded import autostart
from memory_mcp.embeddings import Embedder, choose
from memory_mcp.embeddings.vectors import fit
from memory_mcp.errors import ConfigurationError, RefusedError

if TYPE_CHECKING:
    from memory_mcp.store.database import Connection, Database
    from memory_mcp.store.records import Index, Model
    from memory_mcp.store.search import Plan

PLAN_SECONDS: Final = 300.0  # how long a vector index may have been replaced before searches notice


class App:
    """The server's state. `project` None means the active project of the settings."""

    def __init__(self, settings: Settings, project: str | None = None, connections: int = 4) -> None:
        self.settings = settings
        self._project, self._connections = project, connections
        self._database: Database | None = None
        self._embedder: Embedder | None = None
        self._opening = asyncio.Lock()
        self._plan: tuple[float, Plan] | None = None

    @property
    def project(self) -> str:
        """The project whose memories this server reads and writes."""
        return self._project or self.settings.active_project

    @property
    def embedder(self) -> Embedder:
        """The embedder that the settings ask for; raises ConfigurationError when they cannot be met."""
        if self._embedder is None:
            self._embedder = choose(self.settings)
        return self._embedder

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction on the project's database; raises MemoryMcpError for all that can go wrong."""
        async with self._opening:
            if self._database is None:
                # importing psycopg takes 0.2 s: not in the way of other requests
                module = await asyncio.to_thread(importlib.import_module, "memory_mcp.store.database")
                target = self.settings.database(self._project)
                await asyncio.to_thread(autostart.ensure, target)
                self._database = module.Database(target, self._connections)
        async with self._database.transaction() as connection:
            yield connection

    async def close(self) -> None:
        """Close what was opened."""
        if self._database is not None:
            await self._database.close()
        if self._embedder is not None:
            await self._embedder.close()

    def index_name(self, name: str | None) -> str:
        """The index that a call means: the default one when it names none."""
        return name or self.settings.default_index

    async def index(self, connection: Connection, name: str | None) -> Index | None:
        """Look up the index to read. None when it is the default one and nothing was ever written.

        Raises ConfigurationError for any other unknown index: finding nothing would hide a typing error.
        """
        from memory_mcp.store import indexes

        wanted = self.index_name(name)
        found = await indexes.find(connection, self.project, wanted)
        if found is None and wanted != self.settings.default_index:
            known = [index.name for index in await indexes.list_all(connection, self.project)]
            raise ConfigurationError(
                f"There is no index {wanted!r} in project {self.project!r}",
                f"it has: {', '.join(known) or 'no index yet'}",
                "use one of those, leave index out for the default one, or make it with create_index",
            )
        return found

    async def index_to_write(self, connection: Connection, name: str | None) -> tuple[Index, bool]:
        """Look up the index to write, and make it when it is not there; the second value tells which."""
        from memory_mcp.store import indexes

        wanted = check_name(self.index_name(name))
        found = await indexes.find(connection, self.project, wanted)
        if found is not None:
            return found, False
        made = await indexes.create(connection, self.project, wanted)
        found = await indexes.find(connection, self.project, wanted)
        if found is None:
            raise RefusedError(f"The index {wanted!r} was deleted at this moment", "", "try again")
        return found, made

    async def check_model(self, connection: Connection, index: Index) -> None:
        """Raise RefusedError when the index was filled by another model than the one in use.

        An index that holds memories but records no model comes from a server that knew OpenAI only.
        """
        from memory_mcp.store import indexes

        if index.model is not None:
            self._same_model(index, index.model)
        elif self.embedder.provider != "openai":
            found, model = await indexes.filled(connection, index.id)  # the index may be a moment old
            if model is not None:
                self._same_model(index, model)
            elif found:
                raise self._mismatch(index, "another server (OpenAI, model not recorded)")

    async def record_model(self, connection: Connection, index: Index) -> None:
        """Write down the model of an index that is filled for the first time; raises RefusedError as above."""
        from memory_mcp.store import indexes
        from memory_mcp.store.records import Model

        mine = Model(self.embedder.provider, self.embedder.model, self.embedder.dimensions or 0)
        recorded = await indexes.record_model(connection, index.id, mine)
        if recorded is not None:
            self._same_model(index, recorded)

    async def vectors(self, index: Index, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts and fit them to the column; outside of a transaction, since it may take seconds."""
        return [self.fitted(index, vector) for vector in await self.embedder.embed(texts)]

    def fitted(self, index: Index, vector: Sequence[float]) -> list[float]:
        """Give a vector the width of the column that the index is in; raises ConfigurationError."""
        return fit(vector, index.width, self.embedder.model)

    async def plan(self, connection: Connection) -> Plan:
        """How to search with the vector index of the moment, read again every five minutes."""
        from memory_mcp.store import search

        now = time.monotonic()
        if self._plan is None or now - self._plan[0] > PLAN_SECONDS:
            self._plan = now, await search.read_plan(connection)
        return self._plan[1]

    def _same_model(self, index: Index, recorded: Model) -> None:
        mine = self.embedder
        same_size = mine.dimensions is None or not recorded.dimensions or mine.dimensions == recorded.dimensions
        if recorded.model != mine.model or not same_size:
            raise self._mismatch(index, f"{recorded.model} ({recorded.dimensions} dimensions)")

    def _mismatch(self, index: Index, other: str) -> RefusedError:
        mine = f"{self.embedder.model} ({self.embedder.dimensions or '?'} dimensions)"
        return RefusedError(
            f"The index {index.name!r} was filled with vectors of {other}; this server uses {mine}",
            "vectors of two models cannot be compared: every search would return nonsense",
            "set the model back, use another index, or re-embed this one: "
            f"memory-mcp db reembed --index {index.name}",
        )


def check_name(name: str) -> str:
    """Return a usable index name; raises ConfigurationError for one that people could not see or type."""
    if 0 < len(name) <= 100 and name == name.strip() and name.isprintable():
        return name
    raise ConfigurationError(
        f"{name[:100]!r} cannot be the name of an index",
        "a name has 1 to 100 printable characters, without spaces around it",
        'for example "work-notes"',
    )
