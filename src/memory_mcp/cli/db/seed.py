"""`db seed` and `db unseed`: sample data in project `test`."""

from __future__ import annotations

import click

from memory_mcp.cli.output import emit, json_option, say, wants_json
from memory_mcp.cli.target import database_options
from memory_mcp.config import DatabaseTarget


@click.command()
@json_option
@database_options
def seed(target: DatabaseTarget) -> None:
    """Add sample data in project `test`."""
    from memory_mcp.db import seed as sample

    _tell("the sample data is there", sample.seed(target))


@click.command()
@json_option
@database_options
def unseed(target: DatabaseTarget) -> None:
    """Remove everything of project `test`."""
    from memory_mcp.db import seed as sample

    _tell("the sample data is gone", sample.unseed(target))


def _tell(text: str, counts: dict[str, int]) -> None:
    if wants_json():
        emit({"ok": True, "rows": counts})
    else:
        say(f"{text}: " + ", ".join(f"{number} in {table}" for table, number in counts.items()))
