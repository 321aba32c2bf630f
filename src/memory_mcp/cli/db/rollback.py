"""`db rollback` and `db redo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from memory_mcp.cli.confirm import confirm
from memory_mcp.cli.output import emit, json_option, note, progress, say, wants_json
from memory_mcp.cli.target import database_options
from memory_mcp.config import DatabaseTarget

if TYPE_CHECKING:
    from pathlib import Path

    from memory_mcp.db.rollback import Undo
    from memory_mcp.db.runner import Applied


@click.command()
@click.option("--to", type=int, metavar="VERSION", help="Undo everything after this version (0: everything).")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Undo the last N (default: 1).")
@click.option("--no-backup", is_flag=True, help="Make no backup first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@database_options
def rollback(target: DatabaseTarget, to: int | None, steps: int | None, no_backup: bool, yes: bool) -> None:
    """Undo migrations.

    A backup is made first when rows could be lost, and its file is named.
    """
    from memory_mcp.db import rollback as back

    undo = back.prepare(target, to, steps)
    if not undo.migrations:
        _tell([], None)
        return
    _ask(target, undo, yes)
    _tell(*back.rollback(target, undo, save=not no_backup, progress=progress()))


@click.command()
@click.option("--no-backup", is_flag=True, help="Make no backup first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@database_options
def redo(target: DatabaseTarget, no_backup: bool, yes: bool) -> None:
    """Undo the last migration and apply it again."""
    from memory_mcp.db import rollback as back
    from memory_mcp.db import runner

    undo = back.prepare(target)
    if not undo.migrations:
        _tell([], None)
        return
    _ask(target, undo, yes)
    undone, saved = back.rollback(target, undo, save=not no_backup, progress=progress())
    applied = runner.migrate(target, runner.Request(steps=1, out_of_order=True))
    _tell(undone, saved, applied)


def _ask(target: DatabaseTarget, undo: Undo, yes: bool) -> None:
    names = ", ".join(each.label for each in undo.migrations)
    confirm(target, f"undoes {names}" + (" and may lose rows" if undo.loses_data else ""), yes)


def _tell(undone: list[Applied], saved: Path | None, applied: list[Applied] | None = None) -> None:
    if wants_json():
        emit(
            {
                "ok": True,
                "undone": [_row(each) for each in undone],
                "applied": [_row(each) for each in applied or ()],
                "backup": str(saved) if saved else None,
            }
        )
    if saved and not wants_json():
        note(f"backup: {saved} (bring it back with: memory-mcp db restore {saved})")
    for each in undone:
        say(f"undone {each.migration.label} ({each.seconds:.2f} s)")
    for each in applied or ():
        say(f"applied {each.migration.label} ({each.seconds:.2f} s)")
    if not undone:
        say("nothing to undo")


def _row(each: Applied) -> dict[str, object]:
    return {
        "version": str(each.migration.version),
        "name": each.migration.name,
        "seconds": round(each.seconds, 4),
    }
