"""One exception hierarchy: every error says what was seen, why, and the one line that mends it.

Exit codes of the `memory-mcp` command (documented in docs/server.md):

    0  it worked
    1  a check or a step failed
    2  wrong usage or wrong configuration
    3  the database (or another service) cannot be reached
    4  refused, because going on could lose or change data that is not ours to change
    5  another process holds the lock, or a time limit passed
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """What the process tells its caller."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    BUSY = 5


class MemoryMcpError(Exception):
    """Base of every expected error; shown as three lines, never as a traceback.

    `seen` is what happened, `why` its cause, `fix` one line that the reader can act on (usually a command).
    None of them may hold a secret: pass URLs through `urls.redact` first.
    """

    exit: ClassVar[Exit] = Exit.FAILED

    def __init__(self, seen: str, why: str = "", fix: str = "") -> None:
        super().__init__(seen)
        self.seen, self.why, self.fix = seen, why, fix

    def __str__(self) -> str:
        lines = [self.seen]
        if self.why:
            lines.append(f"why: {self.why}")
        if self.fix:
            lines.append(f"fix: {self.fix}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The same, for `--json`."""
        return {
            "ok": False,
            "error": {
                "kind": type(self).__name__,
                "seen": self.seen,
                "why": self.why,
                "fix": self.fix,
            },
            "exit": int(self.exit),
        }


class ConfigurationError(MemoryMcpError):
    """A setting, a file or an argument is missing or wrong."""

    exit = Exit.USAGE


class UnreachableError(MemoryMcpError):
    """The database or the embedding service does not answer."""

    exit = Exit.UNREACHABLE


class RefusedError(MemoryMcpError):
    """Going on could lose or change data; a person has to decide."""

    exit = Exit.REFUSED


class BusyError(MemoryMcpError):
    """Somebody else holds the lock, or a time limit passed."""

    exit = Exit.BUSY
