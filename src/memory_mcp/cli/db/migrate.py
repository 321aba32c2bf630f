"""`db migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from memory_mcp.cli.output import emit, json_option, note, say, wants_json
from memory_mcp.cli.target import database_options
from memory_mcp.config import DatabaseTarget

if TYPE_CHECKING:
    from memory_mcp.db.migration import Migration
    from memory_mcp.db.runner import Phase


@click.command()
@click.option("--to", type=int, metavar="VERSION", help="Stop after this version.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Apply at most N migrations.")
@click.option("--dry-run", is_flag=True, help="Show what would be applied; change nothing.")
@click.option("--out-of-order", is_flag=True, help="Also apply files older than the newest applied one.")
@click.option(
    "--lock-wait", "seconds", type=float, default=60.0, show_default=True, help="Seconds to wait for locks."
)
@json_option
@database_options
def migrate(target: DatabaseTarget, **options: Any) -> None:
    """Apply pending migrations.

    Each runs in a transaction of its own, together with its record.
    """
    from memory_mcp.db import runner

    request = runner.Request(**options)
    applied = runner.migrate(target, request, runner.silent if wants_json() else _report)
    if wants_json():
        rows = [
            {
                "version": str(each.migration.version),
                "name": each.migration.name,
                "seconds": round(each.seconds, 4),
            }
            for each in applied
        ]
        emit({"ok": True, "dry_run": request.dry_run, "applied": rows})
    elif request.dry_run:
        for each in applied:
            say(f"would apply {each.migration.label} ({len(each.migration.statements)} statements)")
    if not applied:
        say("nothing to do: every migration is applied")


def _report(phase: Phase, migration: Migration, seconds: float) -> None:
    if phase == "done":
        say(f"applied {migration.label} ({seconds:.2f} s)")
    elif phase == "waiting":
        note(f"waiting: {migration.label} needs a table that another session has locked")
