"""The one operation: ask a host program what it would change, then let it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from memory_provision import facts, programs
from memory_provision.commands import ProgramCommand, Refuse, refuse, tell
from memory_provision.report import Report

Request = Callable[[], dict[str, Any]]
"""Made when the operation runs: what an earlier step found out is in it."""

NO_PYTHON = (
    "there is no Python on this host",
    "so nothing of this toolkit is there",
    "run deploys/postgres.py first",
)


@dataclass(frozen=True)
class Step:
    """One host program: its file under remote/, its input and the Python that runs it.

    + extra: more input that only the run needs, for example the wheel
    + bare: what it will do on a machine that has no Python yet to say so
    + turn: held while it runs, where machines wait for each other
    """

    program: str
    request: Request
    python: str
    extra: Request = dict
    bare: Sequence[str] = ()
    turn: Callable[[], AbstractContextManager[None]] = nullcontext
    language: str = "python"

    def check(self) -> Report:
        """What would it change?"""
        text = self._text(self.request(), apply=False)
        if self.language == "sh":
            return facts.check_with_shell(host, text)
        return facts.check_with_python(host, self.python, text)

    def command(self, keep: Callable[[Report], None]) -> ProgramCommand:
        """The command that makes the changes."""
        text = self._text({**self.request(), **self.extra()}, apply=True)
        line = facts.RUN_SHELL if self.language == "sh" else facts.run_python(self.python)
        return ProgramCommand(line, text, keep)

    def _text(self, request: dict[str, Any], apply: bool) -> programs.Stdin:
        if self.language == "sh":
            return programs.shell_program(self.program, {**request, "APPLY": "yes" if apply else "no"})
        return programs.python_program(self.program, request, apply)


@operation()
def converge(step: Step, keep: Callable[[Report], None]) -> Generator[PyinfraCommand, None, None]:
    """Bring the host to what a step describes.

    + step: the host program and its input
    + keep: called with the report, of the check and of the run
    """
    found = step.check()
    if found.changes == [facts.UNKNOWN] and host.state.is_executing:
        found = Report(trouble=NO_PYTHON)
    keep(found)
    if found.trouble is not None:
        yield from _refusal(found)
        return
    if not found.changes:
        if host.state.is_executing:
            tell(host, found)
        host.noop(f"{step.program}: nothing to change")
        return
    if host.state.is_executing:
        with step.turn():
            yield step.command(keep)
        return
    for change in step.bare if found.changes == [facts.UNKNOWN] else found.changes:
        host.log(f"  would be: {change}")
    yield step.command(keep)


def _refusal(found: Report) -> Generator[PyinfraCommand, None, None]:
    """While running, the command that fails this host; in a dry run, the same at once."""
    if host.state.is_executing:
        yield Refuse(found.trouble_lines())
        return
    refuse(host, found.trouble_lines())
    host.state.fail_hosts({host})
