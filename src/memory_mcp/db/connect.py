"""Opening connections: one place for time-outs, encryption, pooler safety, and errors people understand."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg

from memory_mcp import urls
from memory_mcp.config import DatabaseTarget
from memory_mcp.db import explain
from memory_mcp.embedded import autostart
from memory_mcp.errors import BusyError, RefusedError, UnreachableError

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

MINIMUM_VERSION = 150_000
CONNECT_SECONDS = 10


def conninfo(target: DatabaseTarget) -> str:
    """What psycopg (and its pools) may be given for `target`. It holds the password."""
    paths = ssl.get_default_verify_paths()
    url = target.parsed
    defaults = {"connect_timeout": str(CONNECT_SECONDS), "application_name": "memory-mcp"}
    missing = {key: value for key, value in defaults.items() if key not in url.parameters}
    return urls.for_libpq(url.with_parameters(**missing), paths.cafile)


@contextmanager
def connect(target: DatabaseTarget, doing: str = "talking to the database") -> Iterator[Connection]:
    """An autocommit connection that is safe behind a transaction pooler (nothing is prepared).

    Raises UnreachableError, ConfigurationError or BusyError with cause and fix when it cannot be opened, and
    turns every error of PostgreSQL inside the block into one too; `doing` names the work in its text.
    """
    connection = open_connection(target)
    try:
        yield connection
    except psycopg.Error as error:
        raise explain.running(error.sqlstate, str(error), doing) from None
    finally:
        connection.close()


def open_connection(target: DatabaseTarget) -> Connection:
    """Opens one; the caller closes it. Raises as `connect` does."""
    try:
        return psycopg.connect(conninfo(target), autocommit=True, prepare_threshold=None)
    except (psycopg.Error, OSError, UnicodeError) as error:
        found = explain.connecting(str(error), where(target), target.parsed.password)
        raise autostart.advised(found, target) from None


def where(target: DatabaseTarget) -> str:
    """The database's name, host and port, for messages."""
    url = target.parsed
    return f"{url.database} at {url.host}:{url.port}"


def check_server(connection: Connection) -> None:
    """Refuses servers that migrations cannot run on: older than 15, or read-only."""
    version = connection.info.server_version
    if version < MINIMUM_VERSION:
        raise RefusedError(
            f"the server is PostgreSQL {version // 10_000}",
            "15 is the oldest that is supported",
            "upgrade the server",
        )
    row = connection.execute("SELECT current_setting('transaction_read_only')::bool").fetchone()
    if row and row[0]:
        raise RefusedError(
            "the server is read-only",
            "it is a replica, or a read-only endpoint or role",
            "use the primary's URL",
        )


def require_direct(connection: Connection, what: str) -> None:
    """Refuses a transaction pooler: session settings would leak to others, long statements be cut."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    if row and row[0] != connection.info.backend_pid:
        raise RefusedError(
            f"{what} needs a direct connection",
            "it runs without a transaction, and the URL leads through a connection pooler",
            "set DATABASE_URL to the direct URL for this command (Neon: without -pooler; Supabase: port 5432)",
        )


def wait(target: DatabaseTarget, seconds: float) -> float:
    """Waits until the database answers; returns how long it took, in seconds.

    Wrong passwords and names end it at once; raises the last error when `seconds` have passed.
    """
    start = time.monotonic()
    pause = 0.05
    while True:
        try:
            with connect(target) as connection:
                connection.execute("SELECT 1")
            return time.monotonic() - start
        except (UnreachableError, BusyError):
            if time.monotonic() - start + pause > seconds:
                raise
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)
