"""One smoke test: start the server, hold a throw-away index, converse, stop the server, remove the index."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from memory_mcp.config import DatabaseTarget, Settings
from memory_mcp.errors import BusyError, MemoryMcpError
from memory_mcp.smoke.process import ServerProcess
from memory_mcp.smoke.report import Report, SmokeError
from memory_mcp.smoke.settings import handed_over, own_server
from memory_mcp.urls import redact

if TYPE_CHECKING:
    from memory_mcp.store.throwaway import Throwaway


async def smoke(
    settings: Settings, project: str | None, command: Sequence[str] | None, timeout_seconds: float
) -> Report:
    """Run every step. `command` starts another server than this installation's; it gets no arguments.

    Raises SmokeError that names the step, what was seen, why and what mends it; ConfigurationError before the
    first step when nothing is configured.
    """
    target = settings.database(project)
    report = Report(target.project, str(target.parsed))
    server: ServerProcess | None = None
    try:
        with report.step("start"):
            server = await _start(settings, project, command)
        await asyncio.wait_for(_run(server, target, report), timeout_seconds)
    except asyncio.TimeoutError:
        slow = BusyError(
            f"not done after {timeout_seconds:g} s", "something is slow or hangs", "memory-mcp doctor"
        )
        raise SmokeError(report.current, slow, _last_words(server)) from None
    except MemoryMcpError as error:
        raise SmokeError(report.current, error, _last_words(server)) from error
    finally:
        if server is not None:
            await server.stop()
    return report


async def _start(settings: Settings, project: str | None, command: Sequence[str] | None) -> ServerProcess:
    if command is not None:
        return await ServerProcess.start(command)
    named = ["--project", project] if project else []
    with handed_over(settings, os.environ) as given:
        command = [*own_server(), *given.arguments, *named]
        return await ServerProcess.start(command, given.descriptors, given.environment)


async def _run(server: ServerProcess, target: DatabaseTarget, report: Report) -> None:
    async with AsyncExitStack() as stack:
        with report.step("database"):
            from memory_mcp.store import throwaway
            from memory_mcp.store.database import Database

            index = await stack.enter_async_context(throwaway.held(Database(target)))
            report.swept = index.swept
        # before the index is removed: a server that still works at something could write into it again
        stack.push_async_callback(server.stop)
        await _converse(server, index, report)
        with report.step("remove index"):
            await index.remove()


async def _converse(server: ServerProcess, index: Throwaway, report: Report) -> None:
    """Open a client session on the running server; every failure comes out as one MemoryMcpError."""
    report.current = "initialize"
    began = time.monotonic()
    # the server imports the same modules at this moment, on another core
    from mcp import Client
    from mcp.shared.exceptions import MCPError

    from memory_mcp.smoke.steps import converse

    try:
        async with Client(server.streams(), mode="legacy") as client:
            report.steps.append(("initialize", round(time.monotonic() - began, 3)))
            if client.server_info:
                report.server = {"name": client.server_info.name, "version": client.server_info.version}
            await converse(client, index, report)
    except Exception as error:
        cause = _only(error)
        if isinstance(cause, MemoryMcpError):
            raise cause from None
        if isinstance(cause, MCPError | OSError | ValueError):
            why = f"{type(cause).__name__}: {cause}"
            fix = "run it by hand to see more: memory-mcp serve < /dev/null"
            raise MemoryMcpError("the server ended, or does not speak MCP", why, fix) from error
        raise


def _only(error: BaseException) -> BaseException:
    """Take the first error out of the groups that task groups wrap around it (3.10 has none built in)."""
    while inner := getattr(error, "exceptions", None):
        error = inner[0]
    return error


def _last_words(server: ServerProcess | None) -> str:
    return redact(server.last_words()) if server else ""
