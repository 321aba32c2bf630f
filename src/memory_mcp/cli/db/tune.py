"""`db tune`."""

from __future__ import annotations

import sys
from typing import Any

import click

from memory_mcp.cli.output import emit, json_option, note, say, wants_json
from memory_mcp.cli.target import database_options
from memory_mcp.config import DatabaseTarget


@click.command()
@click.option(
    "--precision",
    type=click.Choice(["half", "full"]),
    default="half",
    show_default=True,
    help="Vectors in the index; other servers' queries use only a full one.",
)
@click.option("--from-rows", "grown", type=int, default=20_000, show_default=True, help="HNSW from here on.")
@click.option("--memory", metavar="SIZE", help="maintenance_work_mem for the build, such as 1GB.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@json_option
@database_options
def tune(target: DatabaseTarget, **options: Any) -> None:
    """Give a grown table a faster vector index.

    It is built beside the old one, without blocking anybody.
    """
    from memory_mcp.db import tune as engine

    advice = engine.tune(target, engine.Options(**options), _progress)
    if wants_json():
        changes = {"built": advice.name, "dropped": list(advice.drop), "dry_run": options["dry_run"]}
        emit({"ok": True, "reason": advice.reason, **changes})
    say(advice.reason)
    verb = ("would build", "would drop") if options["dry_run"] else ("built", "dropped")
    if advice.name:
        say(f"{verb[0]} {advice.name}")
    for name in advice.drop:
        say(f"{verb[1]} {name}")


def _progress(phase: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        note(f"{phase}: {done:,} of {total:,}")
