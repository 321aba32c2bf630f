"""The MCP server: a thin adapter between the SDK and what the tools do."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from mcp.server import MCPServer

from memory_mcp import __version__
from memory_mcp.config import Settings
from memory_mcp.server.app import App
from memory_mcp.server.tools import tools

NAME: Final = "memory"
INSTRUCTIONS: Final = (
    "Long-term memory on PostgreSQL. Recall before you answer questions about the user, earlier work or "
    "decisions; memorize facts that will matter in later sessions, one per call, with topic and tags. "
    "Answers name the project and index they searched. forget is a dry run unless dryRun is false."
)


def build(
    settings: Settings, project: str | None = None, roots: Sequence[Path] = (), connections: int = 4
) -> MCPServer[App]:
    """Make a server that is ready to run; it connects to nothing before the first tool call.

    `roots` are the folders from which memorize may read files, `connections` the most to open to the database.
    """
    app = App(settings, project, connections)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # its warnings may repeat parts of a URL

    @asynccontextmanager
    async def lifespan(_: MCPServer[App]) -> AsyncIterator[App]:
        try:
            yield app
        finally:
            await app.close()

    return MCPServer(
        NAME,
        version=__version__,
        instructions=INSTRUCTIONS,
        lifespan=lifespan,
        log_level="WARNING",
        tools=tools(app, roots),
    )
