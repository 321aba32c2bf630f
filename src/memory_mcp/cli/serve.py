"""`memory-mcp serve`: the MCP server on stdio (a client starts it) or on HTTP (a service)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from memory_mcp.cli import output


@click.command()
@click.option("--env-file", type=click.Path(path_type=Path, dir_okay=False), help="The .env file to read.")
@click.option("--project", help="A project of projects.json instead of the active one.")
@click.option("--transport", type=click.Choice(["stdio", "http"]), default="stdio", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="HTTP: the address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="HTTP: the port.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="HTTP: a private file with the token that clients must send.",
)
@click.option("--public-name", "names", multiple=True, help="HTTP: a host name that clients use (repeatable).")
@click.option(
    "--files",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="stdio: a folder whose text files memorize may read (repeatable).",
)
def serve(env_file: Path | None, project: str | None, transport: str, **options: Any) -> None:
    """Run the MCP server.

    MCP clients start it themselves with stdio; `--transport http` serves many clients at http://HOST:PORT/mcp.
    """
    import anyio

    from memory_mcp import config, loops, server

    settings = config.load(os.environ, env_file)
    if transport == "stdio":
        if sys.stdin.isatty():
            output.note("An MCP client is expected on stdin (memory-mcp config register CLIENT). Ctrl-D ends.")
        served = server.build(settings, project, options["roots"])
        anyio.run(served.run_stdio_async, backend_options={"loop_factory": loops.factory()})
    else:
        from memory_mcp.server import http

        address = http.Address(options["host"], options["port"], options["names"])
        http.run(settings, project, address, options["token_file"])
