"""The one operation: ask a host program what it would change, then let it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from memory_provision import facts, programs
from memory_provision.commands import ProgramCommand, Refuse, refuse, tell
from memory_provision.report import Report

Request = Callable[[], dict[str, Any]]
"""Made when the operation runs: what an earlier step found out is in it."""


@operation()
def converge(
    program: str,
    request: Request,
    keep: Callable[[Report], None],
    bare: Sequence[str] = (),
    extra: Request = dict,
    kind: str = "python",
) -> Generator[PyinfraCommand, None, None]:
    """Bring the host to what `program` describes.

    + program: name of a file under memory_provision/remote
    + request: its input
    + keep: called with the report, of the check or of the run
    + bare: what will change on a machine that has no Python yet to say so itself
    + extra: more input that only the run needs (the wheel itself, for example)
    + kind: python or shell
    """
    wanted = request()
    found = facts.check(host, program, wanted, kind)
    keep(found)
    if found.trouble is not None:
        yield from _refusal(found)
        return
    if not found.changes:
        if host.state.is_executing:
            tell(host, found)
        host.noop(f"{program}: nothing to change")
        return
    if not host.state.is_executing:
        for change in bare if found.changes == [facts.UNKNOWN] else found.changes:
            host.log(f"  would be: {change}")
    wanted = {**wanted, **extra()}
    if kind == "shell":
        stdin = programs.shell_program(program, {**wanted, "APPLY": "yes"})
        yield ProgramCommand(facts.RUN_SHELL, stdin, keep)
    else:
        stdin = programs.python_program(program, wanted, apply=True)
        yield ProgramCommand(facts.RUN_PYTHON, stdin, keep)


def _refusal(found: Report) -> Generator[PyinfraCommand, None, None]:
    """While running, the command that fails this host; in a dry run, the same at once."""
    if host.state.is_executing:
        yield Refuse(found.trouble_lines())
        return
    refuse(host, found.trouble_lines())
    host.state.fail_hosts({host})
