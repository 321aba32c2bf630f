"""`memory-mcp embedded …`: a PostgreSQL of the user's own, without root."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memory_mcp.cli.output import emit, json_option, say, wants_json
from memory_mcp.errors import ConfigurationError, Exit

if TYPE_CHECKING:
    from memory_mcp.embedded.directory import Directory
    from memory_mcp.embedded.programs import Programs
    from memory_mcp.embedded.status import Status


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def embedded() -> None:
    """Run a PostgreSQL of your own, without root.

    Programs and pgvector come from a Python package, the data are in your home directory, and only this
    machine can connect, with a password.

    \b
      memory-mcp embedded start     make it when there is none, and start it
      memory-mcp embedded status    version, port, process, folders
      memory-mcp embedded stop      stop it; it stays stopped until you start it

    MEMORY_EMBEDDED_DIRECTORY names another directory, MEMORY_EMBEDDED_BIN a folder with other programs.
    """


def _directory(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --directory and --json; the command gets `directory`."""

    @click.option(
        "--directory",
        "root",
        metavar="FOLDER",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where the data are (default: MEMORY_EMBEDDED_DIRECTORY, else ~/.local/share/memory-mcp/postgres; "
        "macOS: ~/Library/Application Support/…; Windows: %LOCALAPPDATA%\\…).",
    )
    @json_option
    @functools.wraps(function)
    def command(root: Path | None, **rest: Any) -> Any:
        from memory_mcp import config
        from memory_mcp.embedded.directory import Directory, default

        place = root or config.load(os.environ).embedded_directory or Path(default(os.environ))
        return function(directory=Directory(place.expanduser().absolute()), **rest)

    return command


@embedded.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Move to this port (it is kept).")
@click.option(
    "--new-cluster", is_flag=True, help="Begin anew beside the data of another major version, which stay."
)
@_directory
def start(directory: Directory, port: int | None, new_cluster: bool) -> None:
    """Start the server, making it first when there is none; running it again changes nothing.

    A running server is restarted when its programs or settings have changed.
    """
    from memory_mcp.embedded import programs, server
    from memory_mcp.embedded import status as looking

    server.refuse_root()
    found = programs.find()
    done = server.start(directory, found, port, fresh=new_cluster)
    if wants_json():
        emit({"ok": True, "changes": list(done.changes), **_facts(looking.look(directory, found), found)})
    for change in done.changes:
        say(change)
    if not done.changes:
        say(f"runs already on port {done.running.port} (pid {done.running.pid})")


@embedded.command()
@_directory
def stop(directory: Directory) -> None:
    """Stop the server: open transactions are rolled back, nothing that was committed is lost.

    It stays stopped until `memory-mcp embedded start`; `memory-mcp serve` does not start it.
    """
    from memory_mcp.embedded import server

    stopped = server.stop(directory, _programs())
    if wants_json():
        emit({"ok": True, "stopped": [str(cluster.data) for cluster in stopped]})
    say("stopped" if stopped else "it was not running")


@embedded.command()
@_directory
@click.pass_context
def status(ctx: click.Context, directory: Directory) -> None:
    """Show version, port, process and folders; exit code 3 when the server does not run."""
    from memory_mcp.embedded import status as looking

    programs = _programs()
    found = looking.look(directory, programs)
    if wants_json():
        emit({"ok": found.state == "running", **_facts(found, programs)})
    else:
        for label, value in _facts(found, programs).items():
            if value not in (None, [], ""):
                say(f"{label.replace('_', ' '):<15} {'; '.join(value) if isinstance(value, list) else value}")
    if found.state != "running":
        ctx.exit(int(Exit.UNREACHABLE))


def _programs() -> Programs | None:
    """The programs at hand; to look at a server or to stop it, they may be missing."""
    from memory_mcp.embedded import programs

    try:
        return programs.find()
    except ConfigurationError:
        return None


def _facts(found: Status, programs: Programs | None) -> dict[str, Any]:
    cluster, running = found.cluster, found.running
    return {
        "state": found.state,
        "version": programs.version if programs else None,
        "pgvector": programs.pgvector if programs else None,
        "data_major": cluster.major if cluster else None,
        "port": found.port,
        "pid": running.pid if running else None,
        "uptime_seconds": max(0, int(time.time()) - running.started) if running else None,
        "data": str(cluster.data) if cluster else None,
        "passfile": str(cluster.passfile) if cluster else None,
        "programs": str(running.programs) if running and running.programs else _folder(programs),
        "start_would": list(found.todo),
    }


def _folder(programs: Programs | None) -> str | None:
    return str(programs.folder) if programs else None
