"""Clusters of one folder, as initdb makes them: PGDG's packages for the RHEL family, and its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from memory_provision.remote.base import Report, Trouble, must, run
from memory_provision.remote.layout import label, set_aside, stamp, tail

INITDB = "--auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8"


class PgdataLayout:
    """See layout.Layout."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.bindir, self.data = request["bindir"], request["data"]
        self.conf = self.data
        self.home = os.path.dirname(self.data)

    def prepare(self, _report: Report, _apply: bool) -> None:
        """The package's own scripts do it."""

    def create(self) -> None:
        """By the package's setup script, which knows the unit's folder and SELinux; else by initdb."""
        set_aside(self.data, f"{self.home}/set-aside-data-{stamp()}")
        seen = f"cluster {label(self.request)} could not be made"
        if self.request["systemd"]:
            options = {"PGSETUP_INITDB_OPTIONS": INITDB}
            must(self._setup(), seen, f"read {self.home}/initdb*.log", env=options)
            return
        must(["install", "-d", "-m", "700", "-o", "postgres", "-g", "postgres", self.data], seen)
        must([f"{self.bindir}/initdb", "-D", self.data, *INITDB.split()], seen, user="postgres")

    def _setup(self) -> list[str]:
        """postgresql-15-setup of PGDG, postgresql-setup of the distribution."""
        pgdg = f"{self.bindir}/postgresql-{self.request['major']}-setup"
        if os.path.exists(pgdg):
            return [pgdg, "initdb"]
        return [f"{self.bindir}/postgresql-setup", "--initdb", "--unit", self.request["unit"]]

    def start_at_boot(self, report: Report, apply: bool) -> None:
        """Its unit is enabled."""
        unit = self.request["unit"]
        if self.request["systemd"] and run(["systemctl", "is-enabled", "--quiet", unit]).returncode != 0:
            report.change(f"{unit} enabled at boot")
            if apply:
                must(["systemctl", "enable", "--quiet", unit], f"{unit} could not be enabled")

    def start(self) -> subprocess.CompletedProcess[str]:
        """By its unit, else by pg_ctl."""
        self._label_port()
        if not self.request["systemd"]:
            return self._pg_ctl("start")
        run(["systemctl", "reset-failed", self.request["unit"]])
        return run(["systemctl", "start", self.request["unit"]])

    def restart(self) -> subprocess.CompletedProcess[str]:
        """By its unit, else by pg_ctl."""
        self._label_port()
        if self.request["systemd"]:
            return run(["systemctl", "restart", self.request["unit"]])
        return self._pg_ctl("restart")

    def _pg_ctl(self, what: str) -> subprocess.CompletedProcess[str]:
        # the folder of its socket is on a tmpfs, and systemd-tmpfiles, which makes it at boot, is not here
        socket = self.request["admin"]["socket"]
        must(
            ["install", "-d", "-m", "755", "-o", "postgres", "-g", "postgres", socket],
            "no folder for the socket",
        )
        argv = [f"{self.bindir}/pg_ctl", what, "-D", self.data, "-l", self._startup_log(), "-w"]
        return run(argv, user="postgres")

    def _label_port(self) -> None:
        """SELinux lets PostgreSQL listen on ports of the type postgresql_port_t only: 5432 and 9898."""
        port = str(self.request["port"])
        if port == "5432" or not self.request["enforcing"]:
            return
        listed = run(["semanage", "port", "-l"]).stdout
        known = next((line for line in listed.splitlines() if line.startswith("postgresql_port_t")), "")
        if port in known.replace(",", " ").split():
            return
        for verb in ("-a", "-m"):  # add; where the port has another type already, modify
            if run(["semanage", "port", verb, "-t", "postgresql_port_t", "-p", "tcp", port]).returncode == 0:
                return
        raise Trouble(
            f"SELinux does not let PostgreSQL listen on port {port}",
            f"the port cannot be given the type postgresql_port_t: {known or 'semanage does not answer'}",
            f"semanage port -a -t postgresql_port_t -p tcp {port}, then run again; or use port 5432",
        )

    def log(self) -> str:
        """The folder of the logging collector, and where the server says what comes before that."""
        unit = self.request["unit"]
        before = f"journalctl -u {unit}" if self.request["systemd"] else self._startup_log()
        return f"{self.data}/log and {before}"

    def _startup_log(self) -> str:
        return f"{self.home}/pgstartup.log"

    def log_lines(self) -> list[str]:
        """The newest log file's end, then what the server said before it opened that."""
        files = sorted(Path(self.data, "log").glob("*.log"), key=lambda p: p.stat().st_mtime)
        lines = tail(str(files[-1])) if files else []
        if not self.request["systemd"]:
            return lines + tail(self._startup_log(), 5)
        journal = run(["journalctl", "-n", "10", "-o", "cat", "-u", self.request["unit"]])
        return lines + journal.stdout.splitlines()
