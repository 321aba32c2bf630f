"""The `memory-mcp` command. Subcommands are imported when they are called, so `--help` answers at once."""

from __future__ import annotations

import click

from memory_mcp import __version__
from memory_mcp.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "serve": ("memory_mcp.cli.serve:serve", "Run the MCP server (stdio or HTTP)."),
    "smoke": ("memory_mcp.cli.smoke:smoke", "Prove with a real client that the server works."),
    "db": ("memory_mcp.cli.db:db", "Migrate, verify, back up and inspect the database."),
    "doctor": ("memory_mcp.cli.doctor:doctor", "Check everything from the URL to the schema."),
    "embedded": ("memory_mcp.cli.embedded:embedded", "Run a PostgreSQL of your own, without root."),
    "config": ("memory_mcp.cli.config:config", "Show the settings; register MCP clients."),
}


@click.group(
    cls=LazyGroup,
    table=SUBCOMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from the environment and from the first of: --env-file, MEMORY_ENV_FILE, ./.env, "
    "~/.config/memory-mcp/.env, /etc/memory-mcp/.env "
    "(Windows: memory-mcp\\.env in %APPDATA% or %PROGRAMDATA%). "
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
