"""Two kinds of pyinfra commands: a host program that makes its changes, and a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyinfra import logger
from pyinfra.api.command import PyinfraCommand, StringCommand
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.connectors.util import CommandOutput

from memory_provision import report
from memory_provision.programs import Stdin
from memory_provision.report import Report


class ProgramCommand(StringCommand):
    """Runs a host program; says each change that it made, its warnings, and in words what went wrong."""

    def __init__(self, command: str, stdin: Stdin, keep: Callable[[Report], None]) -> None:
        super().__init__(command, _stdin=stdin)
        self.keep = keep

    def execute(self, state: State, host: Host, connector_arguments: Any) -> tuple[bool, CommandOutput]:
        """Run it; pyinfra's own print of stderr is left to -vvv, our lines come instead."""
        connector_arguments.update(self.connector_arguments)
        done, output = host.run_shell_command(
            self, print_output=state.print_output, print_input=state.print_input, **connector_arguments
        )
        found = report.parse(output.output_lines)
        self.keep(found)
        tell(host, found)
        if done:
            for change in found.changes:
                host.log(f"  {change}")
            return True, output
        refuse(host, found.trouble_lines())
        return False, CommandOutput([])


class Refuse(PyinfraCommand):
    """Fails this host, and no other, with a message; runs nothing."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def __repr__(self) -> str:
        return f"Refuse({self.lines[0]})"

    def execute(self, _state: State, host: Host, _connector_arguments: Any) -> bool:
        """Say it."""
        refuse(host, self.lines)
        return False


def refuse(host: Host, lines: list[str]) -> None:
    """What was seen, why, how to mend it: on the error stream, for this host."""
    for line in lines:
        host.log_styled(line, fg="red", log_func=logger.error)


def tell(host: Host, found: Report) -> None:
    """Warnings of a program."""
    for warning in found.warnings:
        host.log_styled(f"warning: {warning}", fg="yellow", log_func=logger.warning)
