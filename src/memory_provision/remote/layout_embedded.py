"""The user's own server, whose programs come from a wheel: `memory-mcp embedded` makes, starts and stops it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from memory_provision.remote.base import Report, Trouble, run
from memory_provision.remote.layout import tail


class EmbeddedLayout:
    """See layout.Layout. More of the request: memory (the installed command), directory (of the server)."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.data, self.conf = request["data"], request["data"]

    def prepare(self, report: Report, apply: bool) -> None:
        """A new wheel takes over the data, a new port is told to the server: both by a restart."""
        status = self._ask("status")
        if status.get("state") != "running":
            return
        todo = [text for text in status["start_would"] if text.startswith("restarted")]
        if status["port"] != self.request["port"]:
            todo = [f"restarted: port {status['port']} → {self.request['port']}"]
        for text in todo:
            report.change(f"embedded server {text}")
        if apply and todo:
            self.start()

    def create(self) -> None:
        """It is started at once."""
        self.start()

    def start_at_boot(self, report: Report, apply: bool) -> None:
        """`memory-mcp serve` starts it when a client needs it: a user has no service manager for sure."""

    def start(self) -> subprocess.CompletedProcess[str]:
        """Make it when there is none, and start it at the port of the plan."""
        return self._must("start", "--port", str(self.request["port"]))

    def restart(self) -> subprocess.CompletedProcess[str]:
        """For settings that need it."""
        self._must("stop")
        return self.start()

    def log(self) -> str:
        """Where a person reads on."""
        return f"{self.data}/log"

    def log_lines(self) -> list[str]:
        """The newest file's end."""
        files = sorted(Path(self.data, "log").glob("*.log"))
        return tail(str(files[-1])) if files else []

    def _ask(self, *arguments: str) -> dict[str, Any]:
        return _answer(self._run(*arguments))

    def _must(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self._run(*arguments)
        if done.returncode != 0:
            error = _answer(done).get("error") or {}
            raise Trouble(
                error.get("seen") or f"memory-mcp embedded {arguments[0]} failed (exit {done.returncode})",
                error.get("why") or "; ".join(done.stderr.splitlines()[-3:]),
                error.get("fix") or "",
            )
        return done

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = ("--directory", self.request["directory"], "--json")
        # the programs are those of the installed wheel, whatever this session's environment says
        return run([self.request["memory"], "embedded", *arguments, *where], env={"MEMORY_EMBEDDED_BIN": None})


def _answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    try:
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except (ValueError, IndexError):
        return {}
