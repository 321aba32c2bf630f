"""A group of commands whose modules are imported when they are called: importing all of them takes longer than
most of them run.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import click

from memory_mcp.cli import output
from memory_mcp.errors import MemoryMcpError

Table = Mapping[str, tuple[str, str]]
"""Name → (module:attribute, the line that --help shows without importing it), in the order of their use."""


class LazyGroup(click.Group):
    """A group that knows its subcommands' names and help, and imports one only to run it."""

    def __init__(self, *args: Any, table: Table | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.table = table or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The subcommands that this installation has."""
        return [name for name in self.table if self._exists(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the subcommand that was named."""
        if not self._exists(cmd_name):
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of subcommands, written without importing any."""
        rows = [(name, self.table[name][1]) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; the one place where an expected error becomes its message and exit code."""
        if sys.platform == "win32":
            output.speak_utf8()
        try:
            return super().invoke(ctx)
        except MemoryMcpError as error:
            output.fail(ctx, error)

    def _exists(self, name: str) -> bool:
        return name in self.table and find_spec(self.table[name][0].partition(":")[0]) is not None
