"""Watches a machine from outside while it is provisioned: every command line, environment and temporary file.

What was seen is searched afterwards, when the secrets are known.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.hosts.bed.machine import Machine

ENOUGH = 10  # rounds in which a process is looked at closely
TEMPORARY = ("tmp", "var/tmp", "dev/shm", "run/user")


class Watch:
    """What was seen: each distinct command line, environment and temporary file, and where."""

    def __init__(self, machine: Machine) -> None:
        self.root = _root(machine)
        self.seen: dict[bytes, str] = {}
        self.rounds = 0
        self.looks: Counter[Path] = Counter()
        self.files: dict[str, tuple[int, int, int]] = {}

    def look(self) -> None:
        """One round over all its processes and temporary files."""
        self.rounds += 1
        for process in _processes(self.root):
            self.looks[process] += 1
            if self.looks[process] > ENOUGH and self.looks[process] % ENOUGH:
                continue  # a command line changes soon after the fork; looking on would cost a core
            for kind in ("cmdline", "environ"):
                with contextlib.suppress(OSError):  # it ended meanwhile
                    text = (process / kind).read_bytes()
                    self.seen.setdefault(text, f"{kind} of {text[:80]!r}")
        for folder in TEMPORARY if self.rounds % 4 == 0 else ():
            for place, _, names in os.walk(self.root / folder):  # what goes away meanwhile is passed over
                for name in names:
                    with contextlib.suppress(OSError):
                        self._read(f"{place}/{name}")

    def _read(self, path: str) -> None:
        now = os.lstat(path)
        state = now.st_ino, now.st_mtime_ns, now.st_size
        if stat.S_ISREG(now.st_mode) and self.files.get(path) != state:
            self.seen.setdefault(Path(path).read_bytes(), str(Path(path).relative_to(self.root)))
            self.files[path] = state

    def finds(self, secret: str) -> list[str]:
        """Where a secret was seen."""
        return [where for text, where in self.seen.items() if secret.encode() in text]


def _root(machine: Machine) -> Path:
    return Path(f"/proc/{machine.pid1()}/root")


def _processes(root: Path) -> list[Path]:
    """Of a machine, from its own /proc: its cgroups would have to be walked through."""
    return [path for path in (root / "proc").iterdir() if path.name.isdigit()]


def wait_for(machine: Machine, sight: str, over: Callable[[], bool]) -> None:
    """Until a path (`/…`) is there or a process whose command line matches; AssertionError when `over` first.

    PostgreSQL's processes write what they do into their command lines.
    """
    while not _is_there(machine, sight):
        assert not over(), f"{sight} was never seen on {machine.name}"
        time.sleep(0.001 if sight.startswith("/") else 0.01)  # processes cost more to look at


def _is_there(machine: Machine, sight: str) -> bool:
    if sight.startswith("/"):
        return (machine.root / sight[1:]).exists()
    for process in _processes(_root(machine)):
        with contextlib.suppress(OSError):  # it ended meanwhile
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if re.search(sight, line):
                return True
    return False


@contextlib.contextmanager
def watching(machine: Machine) -> Iterator[Watch]:
    """Look as often as this box allows until the block ends."""
    watch, over = Watch(machine), threading.Event()

    def keep_looking() -> None:
        while not over.is_set():
            watch.look()
            time.sleep(0.004)

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(keep_looking)
        try:
            yield watch
        finally:
            over.set()
        looking.result()  # a watch that broke off is no watch
