"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memory_mcp.errors import MemoryMcpError

Verdict = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True)
class Result:
    """One line of the report. `id` is stable; `why` and `fix` are empty when all is well."""

    id: str
    verdict: Verdict
    seen: str
    why: str = ""
    fix: str = ""


def ok(check: str, seen: str) -> Result:
    """All is well."""
    return Result(check, "ok", seen)


def warn(check: str, seen: str, why: str, fix: str) -> Result:
    """It works, but should be mended; fails only with --strict."""
    return Result(check, "warn", seen, why, fix)


def fail(check: str, error: MemoryMcpError) -> Result:
    """It does not work."""
    return Result(check, "fail", error.seen, error.why, error.fix)


def skip(check: str, because: str) -> Result:
    """Not looked at, since the check `because` failed."""
    return Result(check, "skip", f"not checked, because {because} failed")
