"""Migrations without a transaction, such as CREATE INDEX CONCURRENTLY: recorded step by step, so they resume.

A second connection holds the lock in a transaction that does nothing else: it has no snapshot, so
CREATE INDEX CONCURRENTLY does not wait for it.
"""

from __future__ import annotations

import time

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import ledger, lock
from memory_mcp.db.connect import Connection, connect, require_direct
from memory_mcp.db.ledger import Outcome
from memory_mcp.db.migration import Migration, concurrent_index
from memory_mcp.db.statements import StatementError, execute
from memory_mcp.errors import MemoryMcpError
from memory_mcp.urls import redact

_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"


def apply(connection: Connection, target: DatabaseTarget, migration: Migration, seconds: float) -> bool:
    """Applies `migration`; False when somebody else did so meanwhile.

    A run that failed or was killed goes on at the statement where it stopped, as long as the file is the same.
    """
    require_direct(connection, migration.file_name)
    with connect(target, "holding the lock") as guard, lock.held(guard, seconds, lock.GUARD):
        earlier = ledger.find(connection, migration.version)
        if earlier and earlier.state != "failed":
            return False
        done = earlier.statements_done if earlier and earlier.sha256 == migration.sha256 else 0
        ledger.begin(connection, migration, done)
        connection.execute("SET statement_timeout = 0")
        start = time.monotonic()
        for number, statement in enumerate(migration.statements[done:], done):
            index = concurrent_index(statement)
            try:
                if index is None or not finished(connection, index):
                    execute(connection, statement)
                check(connection, index)
            except (StatementError, MemoryMcpError) as error:
                if not connection.closed:  # otherwise it stays recorded as interrupted
                    outcome = Outcome("failed", time.monotonic() - start, number, redact(str(error).strip()))
                    ledger.record(connection, migration, outcome)
                raise
            ledger.progress(connection, migration.version, number + 1)
        ledger.record(connection, migration, Outcome(seconds=time.monotonic() - start))
    return True


def finished(connection: Connection, index: str) -> bool:
    """Whether an interrupted run has built the index; what it left half-built is removed."""
    row = connection.execute(_VALID, [index]).fetchone()
    if row and not row[0]:
        connection.execute(f"DROP INDEX CONCURRENTLY {index}".encode())  # quoted as the migration quotes it
    return bool(row and row[0])


def check(connection: Connection, index: str | None) -> None:
    """Raises MemoryMcpError unless the index is there and valid; None is no index."""
    if index is None:
        return
    row = connection.execute(_VALID, [index]).fetchone()
    if not row or not row[0]:
        raise MemoryMcpError(
            f"the index {index} is not valid",
            "PostgreSQL could not finish it",
            "run the same command again",
        )
