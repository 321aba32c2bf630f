"""A server and a client for tests: in this process over a real database, or as the real command."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import TextContent

from memory_mcp import config, server

PROJECT = "test"


def async_test(function: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Lets pytest run a coroutine."""

    @functools.wraps(function)
    def run(**fixtures: Any) -> None:
        asyncio.run(function(**fixtures))

    return run


def settings(database_url: str, folder: Path, **env: str) -> config.Settings:
    """Settings as the server reads them: a .env file and a registry in `folder`, both private."""
    registry = folder / "projects.json"
    registry.write_text(json.dumps({PROJECT: {"databaseUrl": database_url}}))
    registry.chmod(0o600)
    values = {
        "MEMORY_POSTGRES_PROJECT_REGISTRY": "projects.json",
        "MEMORY_ACTIVE_PROJECT": PROJECT,
        "MEMORY_EMBEDDING_PROVIDER": "local",
        **env,
    }
    path = folder / ".env"
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    path.chmod(0o600)
    return config.load({}, path)


class Session:
    """Calls tools and gives their answers as plain objects."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ok(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a call that must work."""
        result = await self.client.call_tool(tool, arguments)
        text = "".join(part.text for part in result.content if isinstance(part, TextContent))
        assert not result.is_error, text
        assert json.loads(text) == result.structured_content
        return result.structured_content or {}

    async def fails(self, tool: str, /, **arguments: Any) -> str:
        """What a call that must fail tells the model."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, result.structured_content
        return "".join(part.text for part in result.content if isinstance(part, TextContent))


@asynccontextmanager
async def session(
    known: config.Settings, mode: str = "auto", roots: tuple[Path, ...] = ()
) -> AsyncIterator[Session]:
    """A client of a server in this process."""
    async with Client(server.build(known, roots=roots), mode=mode) as client:
        yield Session(client)
