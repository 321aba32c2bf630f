"""The lab's package mirror: what it publishes, who asked for what, and what goes wrong with it."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import amazon, archive, ca, cache, el, keys, mirror_apt, mirror_rpm, tarballs, wheels
from .cgroup import Cgroup
from .lab import Lab
from .machine import Make

SERVER = Path(__file__).with_name("mirror_server.py")


@dataclass(frozen=True)
class Request:
    """A line of the access log; `time` in seconds since 1970."""

    time: float
    client: str
    host: str
    path: str
    status: int
    fault: str | None


class Mirror:
    """The package server of a lab, at its gateway address; it runs in the lab's cgroup and ends with it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.folder = lab.folder / "mirror"
        self.log = self.folder / "access.jsonl"
        self.cgroup = Cgroup(f"{lab.n}/mirror")
        self._process: subprocess.Popen[bytes] | None = None
        self._publishing = threading.Lock()  # machines are made side by side
        self._seen = 0

    def begin(self) -> None:
        """A new test: no faults, and only its own requests are looked at."""
        self._seen = self.log.stat().st_size if self.log.exists() else 0
        if self.folder.exists():
            self._write("faults", [])

    @property
    def apt_key(self) -> Path:
        """Armored public key of the apt repository."""
        return keys.public(keys.APT)

    @property
    def rpm_key(self) -> Path:
        """Armored public key of the yum repositories."""
        return keys.public(keys.RPM)

    @property
    def ca(self) -> Path:
        """Certificate of the lab's CA, which every machine trusts."""
        return ca.certificate() / "ca.crt"

    def offer(self, make: Make) -> None:
        """Publish what a machine made like this is promised."""
        if make.image in el.RELEASES:
            self.publish(el.repositories(make.image))
            if make.image == amazon.IMAGE:
                self.publish(amazon.repository())
            if make.pgdg:
                self.publish(mirror_rpm.repository(make.image))
        elif make.pgdg:
            self.publish(mirror_apt.repository())
        if make.github:
            self.publish(tarballs.tarballs())
        if make.index:
            indexes = [wheels.index, *([archive.repository] if make.image == archive.IMAGE else [])]
            for root in cache.side_by_side(*indexes):
                self.publish(root)

    def publish(self, root: Path) -> None:
        """Add a document root; starts the server when it does not run yet."""
        with self._publishing:
            self.folder.mkdir(exist_ok=True)
            roots = self._read("roots")
            if str(root) not in roots:
                self._write("roots", [str(root), *roots])  # the newest edition wins
            self._write("redirects", tarballs.REDIRECTS)
            if not self._answers():
                self._start()

    def _start(self) -> None:
        serve = (sys.executable, SERVER, self.folder, self.lab.network.gateway, ca.certificate() / "tls.pem")
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.cgroup.entered(*serve),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"the package server does not answer: {(self.folder / 'server.log').read_text()}"
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server."""
        self.cgroup.remove()
        if self._process:
            self._process.wait()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.lab.network.gateway, 443), timeout=2):
            return True
        return False

    # ---- what was asked for

    def requests(self, path: str = "") -> list[Request]:
        """Requests since `begin` whose path matches the regular expression, oldest first."""
        if not self.log.exists():
            return []
        with self.log.open() as f:
            f.seek(self._seen)
            found = [Request(**json.loads(line)) for line in f]
        return [r for r in found if re.search(path, r.path)]

    # ---- what goes wrong

    @contextmanager
    def fault(
        self,
        path: str,
        times: int | None = None,
        status: int | None = None,
        delay: float | None = None,
        cut: int | None = None,
        corrupt: bool = False,
        edition: str | None = None,
    ) -> Iterator[str]:
        """Answer GETs whose path matches wrongly, the first `times` times (None: all), while in the block.

        `status`: that HTTP status; `delay`: seconds to wait first; `cut`: bytes after which the connection
        ends; `corrupt`: one byte differs; `edition`: "future" or "expired", metadata of another time.
        Yields the fault's id, as `Request.fault` has it.
        """
        given = {"status": status, "delay": delay, "cut": cut, "corrupt": corrupt or None, "edition": edition}
        fault: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        fault |= {"id": uuid.uuid4().hex, "path": path, "times": times}
        self._write("faults", [*self._read("faults"), fault])
        try:
            yield str(fault["id"])
        finally:
            self._write("faults", [f for f in self._read("faults") if f["id"] != fault["id"]])

    def _read(self, name: str) -> list[Any]:
        path = self.folder / f"{name}.json"
        return list(json.loads(path.read_text())) if path.exists() else []

    def _write(self, name: str, content: Any) -> None:
        new = self.folder / f"{name}.new"
        new.write_text(json.dumps(content))
        new.rename(self.folder / f"{name}.json")
