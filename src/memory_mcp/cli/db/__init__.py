"""`memory-mcp db …`: migrate, verify, back up and inspect the database."""

from __future__ import annotations

import click

from memory_mcp.cli.db import look, migrate, seed


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def db() -> None:
    """Migrate, verify, back up and inspect the database.

    \b
      memory-mcp db status     what is applied and what is pending
      memory-mcp db migrate    apply what is pending
      memory-mcp db verify     compare the schema with its definition
    """


for command in (look.status, migrate.migrate, look.wait, seed.seed, seed.unseed):
    db.add_command(command)
