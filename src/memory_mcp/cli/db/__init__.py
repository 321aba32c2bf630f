"""`memory-mcp db …`: migrate, verify, back up and inspect the database."""

from __future__ import annotations

import click

from memory_mcp.cli.lazy import LazyGroup

_HERE = "memory_mcp.cli.db"

SUBCOMMANDS = {
    "status": (f"{_HERE}.look:status", "Show what is applied and what is pending."),
    "verify": (f"{_HERE}.adopt:verify", "Compare the schema with its definition."),
    "history": (f"{_HERE}.look:history", "Show what was ever done to the schema."),
    "wait": (f"{_HERE}.look:wait", "Wait until the database answers."),
    "migrate": (f"{_HERE}.migrate:migrate", "Apply pending migrations."),
    "baseline": (f"{_HERE}.adopt:baseline", "Adopt a database that was migrated with psql."),
    "rollback": (f"{_HERE}.rollback:rollback", "Undo migrations."),
    "redo": (f"{_HERE}.rollback:redo", "Undo the last migration and apply it again."),
    "tune": (f"{_HERE}.tune:tune", "Give a grown table a faster vector index."),
    "reembed": (f"{_HERE}.reembed:reembed", "Change the embedding model of an index."),
    "backup": (f"{_HERE}.backup:backup", "Save the whole database to one file."),
    "restore": (f"{_HERE}.backup:restore", "Bring a backup back."),
    "seed": (f"{_HERE}.seed:seed", "Add sample data in project `test`."),
    "unseed": (f"{_HERE}.seed:unseed", "Remove everything of project `test`."),
    "new": (f"{_HERE}.new:new", "Make the files of a new migration."),
}


@click.group(
    cls=LazyGroup,
    table=SUBCOMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def db() -> None:
    """Migrate, verify, back up and inspect the database.

    \b
      memory-mcp db status     what is applied and what is pending
      memory-mcp db migrate    apply what is pending
      memory-mcp db verify     compare the schema with its definition
      memory-mcp db backup     save everything to one file
    """
