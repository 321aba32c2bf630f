"""How a cluster lies on the disk and is started, for each kind of installation."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any, Protocol

from memory_provision.remote.base import Report, read_text


class Layout(Protocol):
    """One cluster. `data` is its data directory, `conf` the folder of its postgresql.conf."""

    data: str
    conf: str

    def prepare(self, report: Report, apply: bool) -> None:
        """See that the running server is the installed one, at the wanted port."""

    def create(self) -> None:
        """Make the cluster: UTF-8, peer on the socket, SCRAM over TCP. Trouble when that fails."""

    def start_at_boot(self, report: Report, apply: bool) -> None:
        """See that it is started with the machine."""

    def start(self) -> subprocess.CompletedProcess[str]:
        """Ask for a start; the caller waits and looks."""

    def restart(self) -> subprocess.CompletedProcess[str]:
        """Stop it, let it finish what it does, start it."""

    def log_lines(self) -> list[str]:
        """The end of what the server logged, newest last."""

    def log(self) -> str:
        """Where a person reads on."""


def label(request: dict[str, Any]) -> str:
    """15/main."""
    return f"{request['major']}/{request['cluster']}"


def set_aside(path: str, place: str) -> None:
    """What an interrupted initdb left is moved, never deleted: whoever knows better can move it back."""
    if os.path.isdir(path) and os.listdir(path):
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        os.rename(path, place)


def stamp() -> str:
    """The time, for the name of what is set aside."""
    return time.strftime("%Y%m%dT%H%M%S")


def tail(path: str, lines: int = 40) -> list[str]:
    """The last lines of a text file; none when it is not there."""
    return (read_text(path) or "").splitlines()[-lines:]
