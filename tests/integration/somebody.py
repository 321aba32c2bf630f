"""A user without root, with a home of their own, who runs `memory-mcp`.

Tests that run as root become another user with `setpriv`: no right of root is left but that of reading files,
which the tests' own Python may need, since it often lies in a closed home. The checkout must not.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.postgres import unprivileged
from tests.needs import missing

COMMAND = Path(sys.executable).with_name("memory-mcp")
_KEEP = "-all,+dac_read_search"


@dataclass(frozen=True)
class Somebody:
    """`home` holds everything of theirs; `env` is added to every command's environment."""

    home: Path
    prefix: tuple[str, ...]
    env: dict[str, str]

    @property
    def directory(self) -> Path:
        return self.home / ".local" / "share" / "memory-mcp" / "postgres"

    @property
    def data(self) -> Path:
        return self.directory / "18" / "data"

    @property
    def port(self) -> int:
        return int((self.directory / "port").read_text())

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split("\n")[0])

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), **self.env}

    def with_programs(self, folder: Path) -> Somebody:
        """The same user after their wheel was replaced by one with these programs."""
        return Somebody(self.home, self.prefix, {**self.env, "MEMORY_EMBEDDED_BIN": str(folder)})

    def command(self, *arguments: str | Path) -> list[str]:
        return [*self.prefix, *map(str, arguments)]

    def run(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Any program, as this user, in their home."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    def memory(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(COMMAND, *arguments)

    def embedded(self, *arguments: str) -> dict[str, Any]:
        """An `embedded` command that must work: its JSON answer."""
        done = self.memory("embedded", *arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return dict(json.loads(done.stdout))

    def state(self) -> str:
        return str(json.loads(self.memory("embedded", "status", "--json").stdout)["state"])

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """A `memory-mcp` command in a process group of its own, so that all of it can be killed at once."""
        return subprocess.Popen(
            self.command(COMMAND, *arguments),
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def admin(self, statement: str, database: str = "postgres") -> str:
        """What psql prints for a statement of the administrator; the wheel's own psql, its password file."""
        from memory_mcp.embedded import programs

        folder = Path(self.env.get("MEMORY_EMBEDDED_BIN") or programs.wheel_folder() or "")
        major = json.loads(self.memory("embedded", "status", "--json").stdout)["data_major"]
        passfile = self.directory / str(major) / "pgpass"
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database)
        done = subprocess.run(
            self.command(folder / "psql", "-XAtwq", "-v", "ON_ERROR_STOP=1", *where, "-c", statement),
            env={**self.environment, "PGPASSFILE": str(passfile)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextmanager
def somebody() -> Iterator[Somebody]:
    """One with an empty home, which is gone afterwards with the server that ran in it."""
    identity = unprivileged()
    prefix: tuple[str, ...] = ()
    if identity:
        if not shutil.which("setpriv"):
            missing("no setpriv (util-linux), which the tests as root become another user with")
        # access(2), by which PostgreSQL's programs look for themselves, does not count the right to read files
        if subprocess.run(["test", "-x", sys.prefix], check=False, **identity).returncode != 0:
            missing(
                f"{sys.prefix} is closed to other users, and these tests are one: chmod o+x on the way to it"
            )
        prefix = ("setpriv", f"--reuid={identity['user']}", f"--regid={identity['group']}", "--clear-groups")
        prefix += tuple(f"--{kind}={_KEEP}" for kind in ("inh-caps", "ambient-caps", "bounding-set"))
    with tempfile.TemporaryDirectory(prefix="memory-mcp-home-") as folder:
        home = Path(folder)
        if identity:
            os.chown(home, identity["user"], identity["group"])
        user = Somebody(home, prefix, {})
        try:
            yield user
        finally:
            user.memory("embedded", "stop")
            _kill_servers(home)


def _kill_servers(home: Path) -> None:
    """Whatever is left of a failed test: servers whose data are in this home."""
    for pid_file in home.glob(".local/share/memory-mcp/postgres/*/*/postmaster.pid"):
        first = pid_file.read_text().split("\n")[0]
        command = Path(f"/proc/{first}/cmdline")
        if first.isdecimal() and command.exists() and str(home) in command.read_text():
            os.kill(int(first), signal.SIGQUIT)
