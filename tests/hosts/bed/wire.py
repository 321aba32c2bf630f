"""A machine's link as a process, for kernels without netem: `python wire.py NETNS OUTER INNER MAC FILE`.

Two TAP devices, OUTER here and INNER (with MAC) in NETNS, and this process between them. FILE (JSON, looked at
20 times a second) sets {"delay": seconds, "jitter": seconds, "loss": 0..1} for each direction. Prints "ready"
when both are there. Standard library only.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from pathlib import Path

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000  # linux/if_tun.h
CLONE_NEWNET = 0x40000000  # linux/sched.h
LOOK = 0.05  # seconds between looks at FILE
FRAME = 65536  # bytes


def tap(name: str) -> int:
    """A new TAP device in this thread's network namespace."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def enter(namespace: str) -> None:
    """Go into a network namespace."""
    fd = os.open(namespace, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    os.close(fd)


def ends(namespace: str, outer: str, inner: str, mac: str) -> tuple[int, int]:
    """Both TAP devices."""
    here = tap(outer)
    enter(f"/run/netns/{namespace}")
    there = tap(inner)
    subprocess.run(["ip", "link", "set", inner, "address", mac], check=True)
    return here, there


class Wire:
    """Frames on their way, and what happens to them."""

    def __init__(self, here: int, there: int, settings: Path) -> None:
        self.peer = {here: there, there: here}
        self.settings = settings
        self.looked = 0.0
        self.delay = self.jitter = self.loss = 0.0
        self.queue: list[tuple[float, int, int, bytes]] = []  # due, serial number, descriptor, frame
        self.serial = 0

    def look(self, now: float) -> None:
        """Read the settings when it is time to."""
        if now - self.looked < LOOK:
            return
        self.looked = now
        said = json.loads(self.settings.read_text()) if self.settings.exists() else {}
        self.delay, self.jitter, self.loss = (said.get(k, 0.0) for k in ("delay", "jitter", "loss"))

    def deliver(self, now: float) -> float:
        """Write the frames that are due; seconds until there is more to do."""
        while self.queue and self.queue[0][0] <= now:
            _, _, fd, frame = heapq.heappop(self.queue)
            try:
                os.write(fd, frame)
            except OSError:  # that end is down: the frame is lost, as on a cable
                continue
        return min(self.queue[0][0] - now, LOOK) if self.queue else LOOK

    def collect(self, fd: int) -> None:
        """Take what an end sent."""
        for _ in range(64):
            try:
                frame = os.read(fd, FRAME)
            except BlockingIOError:
                return
            except OSError:  # the end is down
                time.sleep(LOOK)
                return
            if random.random() >= self.loss:
                due = time.monotonic() + self.delay + random.random() * self.jitter
                self.serial += 1
                heapq.heappush(self.queue, (due, self.serial, self.peer[fd], frame))

    def run(self) -> None:
        """Until killed."""
        while True:
            now = time.monotonic()
            self.look(now)
            ready, _, _ = select.select(list(self.peer), [], [], self.deliver(now))
            for fd in ready:
                self.collect(fd)


if __name__ == "__main__":
    wire = Wire(*ends(*sys.argv[1:5]), Path(sys.argv[5]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    wire.run()
