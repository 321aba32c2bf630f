"""Commands that only look: `db status`, `db wait`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from memory_mcp.cli.output import emit, json_option, say, wants_json
from memory_mcp.cli.target import database_options
from memory_mcp.config import DatabaseTarget
from memory_mcp.errors import Exit

if TYPE_CHECKING:
    from memory_mcp.db.status import Status

_NEXT = {
    "current": "up to date",
    "pending": "apply what is pending: memory-mcp db migrate",
    "empty": "nothing is applied yet: memory-mcp db migrate",
    "unmanaged": "the tables were made by hand; compare and adopt them: memory-mcp db baseline",
    "changed": "files and database disagree; see what: memory-mcp db migrate --dry-run",
}


@click.command()
@click.option("--exit-code", is_flag=True, help="Exit with 1 unless the database is up to date.")
@json_option
@database_options
@click.pass_context
def status(ctx: click.Context, target: DatabaseTarget, exit_code: bool) -> None:
    """Show what is applied and what is pending."""
    from memory_mcp.db.status import status as look

    found = look(target)
    if wants_json():
        emit(found.as_json())
    else:
        _show(found)
    if exit_code and found.state != "current":
        ctx.exit(int(Exit.FAILED))


def _show(found: Status) -> None:
    url = found.target.parsed
    major, minor = divmod(found.server_version, 10_000)
    say(f"{url.database} at {url.host}:{url.port}, PostgreSQL {major}.{minor}, project {found.target.project}")
    changed = {entry.version for entry, _ in found.plan.changed}
    missing = {entry.version for entry in found.plan.missing}
    failed = {entry.version: entry for entry in found.plan.failed}
    for entry in found.plan.applied:
        mark = "changed" if entry.version in changed else "missing" if entry.version in missing else entry.state
        say(f"  {mark:<8}  {entry.label}  {entry.applied_at:%Y-%m-%d %H:%M:%S}")
    for each in found.plan.pending:
        stopped = failed.get(each.version)
        say(
            f"  {'failed' if stopped else 'pending':<8}  {each.label}"
            + (f"  {stopped.error}" if stopped else "")
        )
    say(f"{found.state}: {_NEXT[found.state]}")


@click.command()
@click.option("--seconds", type=float, default=60.0, show_default=True, help="How long at most.")
@json_option
@database_options
def wait(target: DatabaseTarget, seconds: float) -> None:
    """Wait until the database answers."""
    from memory_mcp.db.connect import wait as until_it_answers
    from memory_mcp.db.connect import where

    taken = until_it_answers(target, seconds)
    if wants_json():
        emit({"ok": True, "seconds": round(taken, 3)})
    else:
        say(f"{where(target)} answers")


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@json_option
@database_options
def history(target: DatabaseTarget, limit: int) -> None:
    """Show what was ever done to the schema.

    Everything that was applied, undone, adopted or failed, newest first.
    """
    from memory_mcp.db import ledger
    from memory_mcp.db.connect import connect

    with connect(target, "reading the history") as connection:
        events = ledger.history(connection, limit) if ledger.exists(connection) else []
    if wants_json():
        emit({"ok": True, "events": events})
    for event in events:
        line = f"{event['at']:%Y-%m-%d %H:%M:%S}  {event['event']:<8}  {event['version']}_{event['name']}"
        say(f"{line}  by {event['by']}" + (f": {event['error']}" if event["error"] else ""))
    if not events:
        say("nothing has happened yet")
