"""`memory-mcp db …`: migrate, verify, back up and inspect the database."""

from __future__ import annotations

import click

from memory_mcp.cli.db import adopt, backup, look, migrate, new, reembed, rollback, seed, tune


class InOrder(click.Group):
    """Lists its commands in the order of their use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as added."""
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def db() -> None:
    """Migrate, verify, back up and inspect the database.

    \b
      memory-mcp db status     what is applied and what is pending
      memory-mcp db migrate    apply what is pending
      memory-mcp db verify     compare the schema with its definition
      memory-mcp db backup     save everything to one file
    """


LOOKING = (look.status, adopt.verify, look.history, look.wait)
CHANGING = (migrate.migrate, adopt.baseline, rollback.rollback, rollback.redo, tune.tune, reembed.reembed)
KEEPING = (backup.backup, backup.restore, seed.seed, seed.unseed, new.new)
for command in (*LOOKING, *CHANGING, *KEEPING):
    db.add_command(command)
