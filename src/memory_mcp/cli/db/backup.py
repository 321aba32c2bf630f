"""`db backup` and `db restore`."""

from __future__ import annotations

from pathlib import Path

import click

from memory_mcp.cli.confirm import confirm
from memory_mcp.cli.output import emit, json_option, progress, say, wants_json
from memory_mcp.cli.target import database_options
from memory_mcp.config import DatabaseTarget


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@json_option
@database_options
def backup(target: DatabaseTarget, file: Path | None) -> None:
    """Save the whole database to one file.

    pg_dump's custom format, readable by its owner only, with a checksum beside it.
    """
    from memory_mcp.db.backup import backup as save

    made = save(target, file, progress())
    if wants_json():
        emit({"ok": True, "file": str(made.path), "bytes": made.size, "seconds": round(made.seconds, 3)})
    say(f"{made.path} ({made.size:,} bytes)")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--into", metavar="NAME", help="Fill this empty database of the same server instead.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@database_options
def restore(target: DatabaseTarget, file: Path, into: str | None, yes: bool) -> None:
    """Bring a backup back.

    The database's content is replaced with that of FILE; a failure leaves everything as it was. A role that may
    make databases fills a new one, which then takes the old one's name; the old one stays under another name.
    """
    from memory_mcp.db.restore import restore as bring_back

    if into is None:
        confirm(target, "replaces everything in it with the backup", yes)
    restored = bring_back(target, file, into, progress())
    if wants_json():
        emit({"ok": True, "entries": restored.entries, "kept": restored.kept})
    say(f"restored {into or target.parsed.database} from {file}")
    if restored.kept:
        say(f"the database as it was is now called {restored.kept}")
    elif into is None:
        say("its content was replaced in one transaction: this role cannot make such a database beside it")
