"""What a smoke test tells: its steps with their times, or the step that failed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from memory_mcp.errors import MemoryMcpError


@dataclass
class Report:
    """Filled while the test runs; times are seconds."""

    project: str
    database: str
    server: dict[str, str] = field(default_factory=dict)
    embedding: dict[str, Any] = field(default_factory=dict)
    swept: list[str] = field(default_factory=list)
    steps: list[tuple[str, float]] = field(default_factory=list)
    current: str = ""
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step; `current` still names it after an error."""
        self.current = name
        began = time.monotonic()
        yield
        self.steps.append((name, round(time.monotonic() - began, 3)))

    def as_json(self) -> dict[str, Any]:
        """The result of a run in which every step worked."""
        return {
            "ok": True,
            "project": self.project,
            "database": self.database,
            "server": self.server,
            "embedding": self.embedding,
            "steps": [{"name": name, "seconds": seconds} for name, seconds in self.steps],
            "swept": self.swept,
            "seconds": round(time.monotonic() - self.started, 3),
        }


class SmokeError(MemoryMcpError):
    """A step that did not work. The cause's exit code is kept, so that "unreachable" stays that."""

    def __init__(self, step: str, cause: MemoryMcpError, server_said: str = "") -> None:
        why = cause.why
        if server_said:
            why = f"{why}\nthe server's last words:\n{server_said}".strip()
        super().__init__(f"The smoke test failed at the step {step!r}: {cause.seen}", why, cause.fix)
        self.step = step
        self.exit = cause.exit  # type: ignore[misc]  # one instance differs from its class

    def as_json(self) -> dict[str, object]:
        """The error with the step that it happened in."""
        return {**super().as_json(), "step": self.step}
