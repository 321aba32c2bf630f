"""The `memory-mcp` command. Subcommands are imported when they are called, so `--help` answers at once."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import click

from memory_mcp import __version__
from memory_mcp.cli import output
from memory_mcp.errors import MemoryMcpError

# name → (module:attribute, the line that `memory-mcp --help` shows without importing it)
SUBCOMMANDS = {
    "serve": ("memory_mcp.cli.serve:serve", "Run the MCP server (stdio or HTTP)."),
    "smoke": ("memory_mcp.cli.smoke:smoke", "Prove with a real client that the server works."),
    "db": ("memory_mcp.cli.db:db", "Migrate, verify, back up and inspect the database."),
    "doctor": ("memory_mcp.cli.doctor:doctor", "Check everything from the URL to the schema."),
    "embedded": ("memory_mcp.cli.embedded:embedded", "Run a PostgreSQL of your own, without root."),
    "config": ("memory_mcp.cli.config:config", "Show the settings; register MCP clients."),
}


class LazyGroup(click.Group):
    """A group that knows its subcommands' names and help, and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The subcommands that this installation has."""
        return [name for name, (target, _) in SUBCOMMANDS.items() if _exists(target)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the subcommand that was named."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module, _, attribute = SUBCOMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of subcommands, written without importing any."""
        rows = [(name, SUBCOMMANDS[name][1]) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; the one place where an expected error becomes its message and exit code."""
        try:
            return super().invoke(ctx)
        except MemoryMcpError as error:
            output.fail(ctx, error)


def _exists(target: str) -> bool:
    return find_spec(target.partition(":")[0]) is not None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from the environment and from the first of: --env-file, MEMORY_ENV_FILE, ./.env, "
    "~/.config/memory-mcp/.env, /etc/memory-mcp/.env. "
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 unreachable, 4 refused, 5 busy.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Memory for AI agents on PostgreSQL and pgvector.

    \b
      memory-mcp db migrate    bring the database's schema up to date
      memory-mcp smoke         prove that the server works, leaving nothing behind
      memory-mcp serve         run it (MCP clients start this themselves)
    """
