"""One session's share of the box: a number, a folder, a network, a cgroup; and the sweep of dead sessions.

A session holds a lock as long as its process lives. A folder whose lock is free belongs to nobody: the next
session that opens removes whatever it left in the kernel and on the disk. Machines made by hand
(`python -m tests.hosts.bed`) live in a session of their own that nobody has to hold.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from .cgroup import Cgroup
from .command import run
from .network import Network

STATE = Path("/run/memory-mcp-tests")
SESSIONS = range(1, 250)
BY_HAND = 250


class Lab:
    """Session number `n`: a /24 network, a state folder, a cgroup."""

    def __init__(self, n: int, lock: int | None = None) -> None:
        self.n = n
        self.folder = STATE / str(n)
        self.network = Network(n)
        self.cgroup = Cgroup(str(n))
        self._lock = lock

    @classmethod
    def open(cls) -> Lab:
        """Sweep what dead sessions left, then take the first free number."""
        STATE.mkdir(mode=0o700, exist_ok=True)
        sweep()
        for n in SESSIONS:
            lock = _try_lock(n)
            if lock is not None:
                return cls(n, lock).begin()
        raise RuntimeError(f"{len(SESSIONS)} test sessions run on this box already")

    @classmethod
    def by_hand(cls) -> Lab:
        """The session of machines that stay until somebody removes them; `begin` before the first is made."""
        STATE.mkdir(mode=0o700, exist_ok=True)
        return cls(BY_HAND)

    def begin(self) -> Lab:
        """Have a folder and a network; it does no harm to have them already."""
        for part in ("machines", "hosts"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        self.network.up()
        return self

    def take_host_number(self) -> int:
        """An address that no machine of this session has; mkdir makes it ours alone."""
        for host in range(11, 255):
            try:
                (self.folder / "hosts" / str(host)).mkdir()
            except FileExistsError:
                continue
            return host
        raise RuntimeError(f"the network {self.network.subnet} is full")

    def give_back(self, host: int) -> None:
        """The address is free again."""
        (self.folder / "hosts" / str(host)).rmdir()

    def close(self) -> None:
        """Kill, unmount and delete everything that the session has."""
        self.cgroup.remove()
        for mount in reversed(mounts_below(self.folder)):
            run("umount", "--lazy", mount)
        self.network.down()
        if self.folder.exists():
            shutil.rmtree(self.folder)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def sweep() -> list[int]:
    """Remove what sessions left whose process is gone; their numbers."""
    swept = []
    for folder in STATE.iterdir():
        if not folder.is_dir() or int(folder.name) not in SESSIONS:
            continue
        lock = _try_lock(int(folder.name))
        if lock is not None:
            Lab(int(folder.name), lock).close()
            swept.append(int(folder.name))
    return swept


def free(n: int) -> bool:
    """Whether no living session has that number."""
    lock = _try_lock(n)
    if lock is None:
        return False
    os.close(lock)
    return True


def mounts_below(folder: Path) -> list[str]:
    """Mount points under `folder`, in the order they were mounted."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [p for p in points if p.startswith(f"{folder}/")]


def _try_lock(n: int) -> int | None:
    """A descriptor that holds session n's lock, None when its process lives; children do not inherit it."""
    lock = os.open(STATE / f"{n}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
