"""The running server, as its postmaster.pid tells (PostgreSQL's source, src/include/utils/pidfile.h)."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PID_FILE = "postmaster.pid"
SERVER = "postgres"
APPEAR_SECONDS = 10


@dataclass(frozen=True)
class Postmaster:
    """A server process: when it was started (seconds since the epoch), its port, whether it takes connections,
    and the folder that its programs were started from.
    """

    pid: int
    started: int
    port: int
    ready: bool
    programs: Path | None


def parse(text: str) -> Postmaster | None:
    """The lines of postmaster.pid; None while the server has not written them all."""
    lines = text.splitlines()
    numbers = [lines[at].strip() if at < len(lines) else "" for at in (0, 2, 3)]
    if not all(number.isascii() and number.isdecimal() for number in numbers):
        return None
    pid, started, port = map(int, numbers)
    return Postmaster(pid, started, port, len(lines) > 7 and lines[7].strip() == "ready", None)


def running(data: Path) -> Postmaster | None:
    """The server of a data directory, None when none runs. A pid that went to another program is none."""
    try:
        found = parse((data / PID_FILE).read_text(encoding="utf-8"))
    except OSError:
        return None
    if found is None or program_of(found.pid) != SERVER:
        return None
    return Postmaster(found.pid, found.started, found.port, found.ready, _programs(data))


def wait(data: Path, since: int, seconds: float) -> Postmaster | None:
    """The server that was started at `since` (seconds since the epoch) or later, when it takes connections.

    None when none appears, or when it does not within `seconds`. pg_ctl's word is not enough: it believes the
    postmaster.pid of a crash when the new server gets the old one's pid within two seconds
    (wait_for_postmaster_start in PostgreSQL's source, src/bin/pg_ctl/pg_ctl.c).
    """
    begun = time.monotonic()
    while True:
        found = running(data)
        if found and found.ready and found.started >= since:
            return found
        if time.monotonic() - begun > (seconds if found else min(seconds, APPEAR_SECONDS)):
            return None
        time.sleep(0.05)


def stale(data: Path) -> Path | None:
    """A postmaster.pid whose process is another program now: PostgreSQL would take that for its twin."""
    path = data / PID_FILE
    try:
        first = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except OSError:
        return None
    name = program_of(int(first)) if first.isdecimal() else None
    return path if name not in (None, SERVER) else None  # of a process that is gone PostgreSQL thinks itself


def program_of(pid: int) -> str | None:
    """Which program a process runs, None when there is no such process.

    Asking `kill(pid, 0)` would only tell that it is a process (and on Windows, end it).
    """
    if sys.platform == "linux":
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode(errors="replace")
        except OSError:
            return None
    elif sys.platform == "win32":
        listed = _output("tasklist", "/FI", f"PID eq {pid}", "/FO", "CSV", "/NH").strip()
        if not listed.startswith('"'):  # "INFO: No tasks are running …", in the user's language
            return None
        command = listed[1:].partition('"')[0].lower().removesuffix(".exe")
    else:
        command = _output("ps", "-p", str(pid), "-o", "comm=").strip()
        if not command:
            return None
    return Path(command).name


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout


def _programs(data: Path) -> Path | None:
    """postmaster.opts begins with the program's path, then its arguments in quotes."""
    try:
        text = (data / "postmaster.opts").read_text(encoding="utf-8")
    except OSError:
        return None
    return Path(text.partition(' "')[0].strip()).parent
