"""`db verify` and `db baseline`: the schema against its definition."""

from __future__ import annotations

import click

from memory_mcp.cli.output import emit, json_option, say, wants_json
from memory_mcp.cli.target import database_options
from memory_mcp.config import DatabaseTarget
from memory_mcp.errors import Exit

_GOOD, _BAD = click.style("✓", fg="green"), click.style("✗", fg="red")


@click.command()
@json_option
@database_options
@click.pass_context
def verify(ctx: click.Context, target: DatabaseTarget) -> None:
    """Compare the schema with its definition.

    Every table, column, constraint, index, trigger and function is looked at; each difference is named, and the
    exit code is 1 when there is one.
    """
    from memory_mcp.db.verify import verify as look

    verdict = look(target)
    if wants_json():
        emit(verdict.as_json())
    for check in verdict.checks:
        say(f"  {_GOOD if check.ok else _BAD} {check.id}: {check.seen}")
    for difference in verdict.differences:
        say(f"  {_BAD} {difference}")
    for warning in verdict.warnings:
        say(f"  {click.style('!', fg='yellow')} {warning}")
    number = len(verdict.differences) + sum(not check.ok for check in verdict.checks)
    if verdict.ok:
        say(f"the schema is as defined (version {verdict.version})")
    else:
        say(f"{number} things differ")
        ctx.exit(int(Exit.FAILED))


@click.command()
@click.option(
    "--to", type=int, metavar="VERSION", help="Adopt up to this version (default: the one that fits)."
)
@json_option
@database_options
def baseline(target: DatabaseTarget, to: int | None) -> None:
    """Adopt a database that was migrated with psql.

    The schema is compared first; it is adopted only when it equals what the migrations make.
    """
    from memory_mcp.db.baseline import baseline as adopt

    adopted = adopt(target, to)
    if wants_json():
        emit({"ok": True, "adopted": [{"version": str(each.version), "name": each.name} for each in adopted]})
    for each in adopted:
        say(f"adopted {each.label}")
    if not adopted:
        say("nothing to do: this database has a record of its migrations")
