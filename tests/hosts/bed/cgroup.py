"""A cgroup for each session and machine: one write stops, kills or finds every process in it.

Without a group of its own, the services of two machines would share one: systemd names them alike.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
TREE = "memory-mcp-tests"


def _hierarchies() -> list[Path]:
    """The v2 hierarchy first; on a hybrid box also systemd's named v1 hierarchy."""
    unified = ROOT / "unified"
    return [unified, ROOT / "systemd"] if unified.is_dir() else [ROOT]


class Cgroup:
    """The group TREE/name in every hierarchy of the box."""

    def __init__(self, name: str) -> None:
        self.paths = [h / TREE / name for h in _hierarchies()]
        self.v2 = self.paths[0]

    def create(self) -> list[Path]:
        """Make it, and return the cgroup.procs files that a process writes its pid to in order to enter."""
        for path in self.paths:
            while not path.is_dir():
                with contextlib.suppress(FileNotFoundError):  # a session that ends takes TREE away meanwhile
                    path.mkdir(parents=True, exist_ok=True)
        return [path / "cgroup.procs" for path in self.paths]

    def entered(self, *argv: str | Path) -> list[str]:
        """`argv` as a command that runs in this group, from its first instruction on."""
        enter = 'for procs in $1; do echo $$ > "$procs"; done; shift; exec "$@"'
        procs = " ".join(str(p) for p in self.create())
        return ["sh", "-ec", enter, "enter", procs, *(str(a) for a in argv)]

    def processes(self) -> list[int]:
        """Everything that runs in it and below."""
        found: list[int] = []
        for folder, _, _ in os.walk(
            self.v2
        ):  # which passes over groups that vanish meanwhile, as rglob does not
            with contextlib.suppress(OSError):
                found += map(int, Path(folder, "cgroup.procs").read_text().split())
        return found

    def first(self, below: str) -> int | None:
        """The first process of a group below this one, None when there is none."""
        try:
            pids = (self.v2 / below / "cgroup.procs").read_text().split()
        except OSError:  # the group is gone: its machine is off
            return None
        return int(pids[0]) if pids else None

    def freeze(self, on: bool) -> None:
        """Stop every process where it is, or let all go on."""
        (self.v2 / "cgroup.freeze").write_text("1" if on else "0")

    def kill(self) -> None:
        """SIGKILL to everything at once; returns when it is gone."""
        if not self.v2.is_dir():
            return
        (self.v2 / "cgroup.kill").write_text("1")
        deadline = time.monotonic() + 120
        while self.processes():
            if time.monotonic() > deadline:
                raise TimeoutError(f"processes survive SIGKILL in {self.v2}: {self.processes()}")
            time.sleep(0.01)

    def remove(self) -> None:
        """Kill what runs in it, then delete it and the groups below; with the last session's, TREE too."""
        self.kill()
        for path in self.paths:
            for group in sorted((p for p in [path, *path.rglob("*")] if p.is_dir()), reverse=True):
                _rmdir(group)
            if path.parent.name == TREE:
                with contextlib.suppress(OSError):  # other sessions have theirs in it
                    path.parent.rmdir()


def _rmdir(group: Path) -> None:
    deadline = time.monotonic() + 60
    while group.is_dir():
        try:
            group.rmdir()
        except OSError:  # busy: the kernel still reaps the last process
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
