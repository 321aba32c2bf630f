"""The record of migrations: what is applied now, and everything that ever happened.

Both tables live in a schema of their own, so that the application's schema holds exactly the application's
tables. `memory_mcp.migrations` has one row for each applied (or half-applied) migration, with the text that
ran; `memory_mcp.migration_history` only grows. Everybody in the database may read them, so that a runtime
role without rights on the schema can say whether it is up to date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from memory_mcp import __version__
from memory_mcp.db.connect import Connection
from memory_mcp.db.migration import Migration

State = Literal["applied", "baseline", "failed"]
Event = Literal["apply", "rollback", "baseline", "failure"]

SCHEMA = "memory_mcp"
_EVENTS: dict[State, Event] = {"applied": "apply", "baseline": "baseline", "failed": "failure"}

_CREATE = """
CREATE SCHEMA IF NOT EXISTS memory_mcp;
CREATE TABLE IF NOT EXISTS memory_mcp.migrations (
    version         bigint      PRIMARY KEY,
    name            text        NOT NULL,
    sha256          text        NOT NULL,
    sql             text        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('applied', 'baseline', 'failed')),
    applied_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by      text        NOT NULL DEFAULT current_user,
    duration_ms     integer     NOT NULL,
    tool_version    text        NOT NULL,
    statements_done integer     NOT NULL,
    error           text
);
CREATE TABLE IF NOT EXISTS memory_mcp.migration_history (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    event        text        NOT NULL CHECK (event IN ('apply', 'rollback', 'baseline', 'failure')),
    version      bigint      NOT NULL,
    name         text        NOT NULL,
    sha256       text        NOT NULL,
    by_role      text        NOT NULL DEFAULT current_user,
    duration_ms  integer     NOT NULL,
    tool_version text        NOT NULL,
    error        text
);
REVOKE UPDATE, DELETE, TRUNCATE ON memory_mcp.migration_history FROM CURRENT_USER;
GRANT USAGE ON SCHEMA memory_mcp TO PUBLIC;
GRANT SELECT ON memory_mcp.migrations, memory_mcp.migration_history TO PUBLIC;
"""

_SELECT = """
SELECT version, name, sha256, sql, state, applied_at, applied_by, duration_ms, tool_version, statements_done,
       error
FROM memory_mcp.migrations
"""

_NOTE = """
INSERT INTO memory_mcp.migration_history (event, version, name, sha256, duration_ms, tool_version, error)
VALUES (%(event)s, %(version)s, %(name)s, %(sha256)s, %(ms)s, %(tool)s, %(error)s)
"""

_RECORD = """
INSERT INTO memory_mcp.migrations
    (version, name, sha256, sql, state, duration_ms, tool_version, statements_done, error)
VALUES (%(version)s, %(name)s, %(sha256)s, %(sql)s, %(state)s, %(ms)s, %(tool)s, %(done)s, %(error)s)
ON CONFLICT (version) DO UPDATE SET
    (name, sha256, sql, state, applied_at, applied_by, duration_ms, tool_version, statements_done, error) =
    (excluded.name, excluded.sha256, excluded.sql, excluded.state, excluded.applied_at, excluded.applied_by,
     excluded.duration_ms, excluded.tool_version, excluded.statements_done, excluded.error)
"""
_RECORD_AND_NOTE = f"WITH noted AS ({_NOTE}) {_RECORD}"


@dataclass(frozen=True)
class Outcome:
    """How a migration ended: its state, how long it took, how many of its statements are done (None: all)."""

    state: State = "applied"
    seconds: float = 0.0
    done: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class Entry:
    """One row of the ledger."""

    version: int
    name: str
    sha256: str
    sql: str
    state: State
    applied_at: datetime
    applied_by: str
    duration_ms: int
    tool_version: str
    statements_done: int
    error: str | None

    @property
    def label(self) -> str:
        """Version and name, as in the file's name."""
        return f"{self.version}_{self.name}"


def exists(connection: Connection) -> bool:
    """Whether this database has a ledger."""
    row = connection.execute("SELECT to_regclass('memory_mcp.migrations') IS NOT NULL").fetchone()
    return bool(row and row[0])


def create(connection: Connection) -> None:
    """Makes the ledger; call it inside a transaction that holds the lock, since IF NOT EXISTS races."""
    connection.execute(_CREATE)


def read(connection: Connection) -> list[Entry]:
    """Every row, in order of versions."""
    return [Entry(*row) for row in connection.execute(f"{_SELECT} ORDER BY version").fetchall()]


def find(connection: Connection, version: int) -> Entry | None:
    """The row of one migration; None when it was never applied."""
    row = connection.execute(f"{_SELECT} WHERE version = %s", [version]).fetchone()
    return Entry(*row) if row else None


def record(connection: Connection, migration: Migration, outcome: Outcome) -> None:
    """Writes the row and its history in one statement."""
    event = _EVENTS[outcome.state]
    connection.execute(_RECORD_AND_NOTE, _values(migration, event, outcome))


def begin(connection: Connection, migration: Migration, done: int) -> None:
    """Writes the row of a file without transaction before its first statement: a killed run leaves a trace."""
    outcome = Outcome("failed", done=done, error="interrupted")
    connection.execute(_RECORD, _values(migration, "failure", outcome))


def progress(connection: Connection, version: int, done: int) -> None:
    """Notes that one more statement of a file without transaction has run."""
    connection.execute(
        "UPDATE memory_mcp.migrations SET statements_done = %s WHERE version = %s", [done, version]
    )


def remove(connection: Connection, migration: Migration, seconds: float) -> None:
    """Takes the row away after a rollback; the history keeps both."""
    connection.execute("DELETE FROM memory_mcp.migrations WHERE version = %s", [migration.version])
    note(connection, migration, "rollback", Outcome(seconds=seconds))


def note(connection: Connection, migration: Migration, event: Event, outcome: Outcome) -> None:
    """Adds one line to the history only."""
    connection.execute(_NOTE, _values(migration, event, outcome))


def history(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The last `limit` events, newest first."""
    cursor = connection.execute(
        "SELECT at, event, version::text AS version, name, by_role AS by, duration_ms, tool_version, error "
        "FROM memory_mcp.migration_history ORDER BY id DESC LIMIT %s",
        [limit],
    )
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _values(migration: Migration, event: Event, outcome: Outcome) -> dict[str, Any]:
    return {
        "event": event,
        "version": migration.version,
        "name": migration.name,
        "sha256": migration.sha256,
        "sql": migration.text,
        "state": outcome.state,
        "ms": round(outcome.seconds * 1000),
        "done": len(migration.statements) if outcome.done is None else outcome.done,
        "tool": __version__,
        "error": outcome.error,
    }
