"""`db new`: a migration and its rollback to fill in."""

from __future__ import annotations

import click

from memory_mcp.cli.output import emit, json_option, say, wants_json


@click.command()
@click.argument("name")
@json_option
def new(name: str) -> None:
    """Make the files of a new migration.

    For example: memory-mcp db new add_colour_to_memories
    """
    from memory_mcp.db.new import create

    paths = create(name)
    if wants_json():
        emit({"ok": True, "files": [str(path) for path in paths]})
    for path in paths:
        say(str(path))
