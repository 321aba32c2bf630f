"""Homebrew's clusters: one folder for each formula, started by `brew services`; and those of Postgres.app."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from memory_provision.remote.base import Report, Trouble, must, run
from memory_provision.remote.layout import label, set_aside, stamp, tail


class BrewLayout:
    """See layout.Layout."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.unit, self.data = request["unit"], request["data"]
        self.conf = self.data
        self.prefix = os.path.dirname(os.path.dirname(self.data))
        self.brew = f"{self.prefix}/bin/brew"

    def create(self) -> None:
        """The formula makes it when it is installed; this is for one that was cut off or taken away."""
        set_aside(self.data, f"{self.data}-set-aside-{stamp()}")
        must(
            [f"{self.request['bindir']}/initdb", "-D", self.data, "--auth-local=peer",
             "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C"],
            f"cluster {label(self.request)} could not be made",
        )  # fmt: skip

    def prepare(self, _report: Report, _apply: bool) -> None:
        """`brew services` starts what is installed."""

    def start_at_boot(self, report: Report, apply: bool) -> None:
        """A service is started at login. A server that runs without one is somebody's, who may be using it."""
        if not self._is_service() and os.path.exists(f"{self.data}/postmaster.pid"):
            report.warn(
                f"{self.unit} runs, but not as a service, so it will not after the next login; to change that: "
                f"{self.request['bindir']}/pg_ctl -D {self.data} stop && {self.brew} services start {self.unit}"
            )

    def _is_service(self) -> bool:
        """`brew services` writes a LaunchAgent; asking it would take a second."""
        agents = Path.home() / "Library" / "LaunchAgents"
        return (agents / f"homebrew.mxcl.{self.unit}.plist").exists()

    def start(self) -> subprocess.CompletedProcess[str]:
        """As a service; one that is registered and does not run is started again."""
        verb = "restart" if self._is_service() else "start"
        return run([self.brew, "services", verb, self.unit])

    def restart(self) -> subprocess.CompletedProcess[str]:
        """By `brew services`, or without it where it is no service."""
        if self._is_service():
            return run([self.brew, "services", "restart", self.unit])
        return run([f"{self.request['bindir']}/pg_ctl", "-D", self.data, "-m", "fast", "-w", "restart"])

    def log(self) -> str:
        """Where launchd puts what the server says."""
        return f"{self.prefix}/var/log/{self.unit}.log"

    def log_lines(self) -> list[str]:
        """Its end."""
        return tail(self.log())


class AppLayout:
    """Postgres.app's: used as it is; the app alone makes and starts it."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.data = self.conf = request["data"]

    def prepare(self, _report: Report, _apply: bool) -> None:
        """The app starts what it installed."""

    def create(self) -> None:
        """Never by us."""
        raise Trouble(
            f"Postgres.app has no initialised server {self.request['major']}",
            f"there is no cluster in {self.data}",
            "open -a Postgres, press Initialize, then run again",
        )

    def start_at_boot(self, report: Report, apply: bool) -> None:
        """A setting of the app."""

    def start(self) -> subprocess.CompletedProcess[str]:
        """Ask the app, which starts its servers when it opens."""
        return run(["open", "-a", "Postgres"])

    def restart(self) -> subprocess.CompletedProcess[str]:
        """By pg_ctl: the app watches the process, not who started it."""
        return run([f"{self.request['bindir']}/pg_ctl", "-D", self.data, "-m", "fast", "-w", "restart"])

    def log(self) -> str:
        """In the data directory."""
        return f"{self.data}/postgresql.log"

    def log_lines(self) -> list[str]:
        """Its end."""
        return tail(self.log())
