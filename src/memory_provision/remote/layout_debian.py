"""Debian's clusters (postgresql-common): settings in /etc, pg_createcluster, pg_ctlcluster, start.conf."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from memory_provision.remote.base import Report, Rights, must, read_text, run, sync_file
from memory_provision.remote.layout import label, set_aside, stamp, tail

READABLE = Rights(0o644, "postgres", "postgres")


class DebianLayout:
    """See layout.Layout."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.major, self.name = str(request["major"]), request["cluster"]
        self.conf = request["conf"]
        self.data = self._listed() or request["data"]

    def _listed(self) -> str | None:
        """Its data directory may be anywhere; pg_lsclusters knows."""
        listed = run(["pg_lsclusters", "-h"]).stdout if os.path.exists("/usr/bin/pg_lsclusters") else ""
        rows = [line.split(None, 6) for line in listed.splitlines()]
        return next((row[5] for row in rows if row[:2] == [self.major, self.name]), None)

    def prepare(self, _report: Report, _apply: bool) -> None:
        """The package's own scripts do it."""

    def create(self) -> None:
        """By pg_createcluster; the leftovers of an interrupted one are moved aside first."""
        aside = f"/var/lib/postgresql/set-aside-{self.major}-{self.name}-{stamp()}"
        set_aside(self.data, f"{aside}/data")
        set_aside(self.conf, f"{aside}/conf")
        must(
            ["pg_createcluster", self.major, self.name, "-p", str(self.request["port"]), "--",
             "--auth-local=peer", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"],
            f"cluster {label(self.request)} could not be made",
            f"pg_createcluster {self.major} {self.name} shows the same by hand",
        )  # fmt: skip

    def start_at_boot(self, report: Report, apply: bool) -> None:
        """Debian starts the clusters whose start.conf says auto, by way of postgresql.service."""
        path = f"{self.conf}/start.conf"
        text = read_text(path)
        words = [line.split("#")[0].strip() for line in (text or "").splitlines()]
        if text is not None and "auto" not in words:
            kept = "\n".join(
                line for line in text.splitlines() if line.split("#")[0].strip() not in ("manual", "disabled")
            )
            sync_file(report, apply, path, kept.rstrip("\n") + "\nauto\n", READABLE)
        if not self.request["systemd"]:
            return
        if run(["systemctl", "is-enabled", "--quiet", "postgresql"]).returncode != 0:
            report.change("postgresql enabled at boot")
            if apply:
                must(["systemctl", "enable", "--quiet", "postgresql"], "postgresql could not be enabled")

    def start(self) -> subprocess.CompletedProcess[str]:
        """By its unit, else by pg_ctlcluster."""
        if not self.request["systemd"]:
            return run(["pg_ctlcluster", self.major, self.name, "start"])
        run(["systemctl", "reset-failed", self.request["unit"]])
        # The generator has to see a cluster that was made a moment ago, else there is no such unit to start.
        run(["systemctl", "daemon-reload"])
        return run(["systemctl", "start", self.request["unit"]])

    def restart(self) -> subprocess.CompletedProcess[str]:
        """By its unit, else by pg_ctlcluster."""
        if self.request["systemd"]:
            return run(["systemctl", "restart", self.request["unit"]])
        return run(["pg_ctlcluster", self.major, self.name, "restart"])

    def log(self) -> str:
        """One file for each cluster."""
        return f"/var/log/postgresql/postgresql-{self.major}-{self.name}.log"

    def log_lines(self) -> list[str]:
        """Its end."""
        return tail(self.log())
