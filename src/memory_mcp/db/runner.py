"""Applies migrations: each exactly once, all of it or nothing, whoever else runs at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from psycopg.errors import LockNotAvailable

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import concurrent, files, ledger, lock
from memory_mcp.db.connect import Connection, check_server, connect
from memory_mcp.db.ledger import Outcome
from memory_mcp.db.migration import Migration
from memory_mcp.db.statements import StatementError, execute
from memory_mcp.db.status import look
from memory_mcp.errors import RefusedError
from memory_mcp.urls import redact

Phase = Literal["start", "waiting", "done"]
Report = Callable[[Phase, Migration, float], None]

# Hosted databases limit statements to minutes. A DDL statement that waits for its lock makes everybody queue up
# behind it: it gives up soon, and tries again later.
LIMITS = """
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL lock_timeout = '1s'
"""


@dataclass(frozen=True)
class Request:
    """What to apply. `seconds` is how long to wait for locks, all in all, for each migration."""

    to: int | None = None
    steps: int | None = None
    dry_run: bool = False
    out_of_order: bool = False
    seconds: float = 60.0
    folder: Path | None = None


@dataclass(frozen=True)
class Applied:
    """One migration that this run applied, and how long it took in seconds."""

    migration: Migration
    seconds: float


def silent(_: Phase, __: Migration, ___: float) -> None:
    """Reports nothing."""


def migrate(target: DatabaseTarget, request: Request | None = None, report: Report = silent) -> list[Applied]:
    """Applies what is pending and returns it; with `dry_run`, returns it without touching the database.

    Raises RefusedError before the first statement when files and ledger disagree, and MemoryMcpError with file
    and line when a statement fails; the migrations before it stay applied.
    """
    request = request or Request()
    migrations = files.load(request.folder)
    with connect(target, "migrating") as connection:
        check_server(connection)
        state, plan = look(connection, migrations)
        if state == "unmanaged":
            raise RefusedError(
                f"{target.parsed.database} has the tables, but no record of migrations",
                "they were made by hand, so it is not known which migrations ran",
                "compare and adopt them: memory-mcp db baseline",
            )
        plan.check(out_of_order=request.out_of_order)
        chosen = plan.next(request.to, request.steps)
        for migration in chosen:
            _ = migration.statements  # a file that cannot run stops everything, not only what comes after it
        if request.dry_run:
            return [Applied(migration, 0.0) for migration in chosen]
        if chosen and not ledger.exists(connection):
            with lock.held(connection, request.seconds, LIMITS):
                ledger.create(connection)
        runner = Runner(connection, target, request.seconds, report)
        return [applied for migration in chosen if (applied := runner.apply(migration))]


@dataclass(frozen=True)
class Runner:
    """Applies single migrations over one connection."""

    connection: Connection
    target: DatabaseTarget
    seconds: float
    report: Report

    def apply(self, migration: Migration) -> Applied | None:
        """Applies one; None when somebody else did so meanwhile."""
        self.report("start", migration, 0.0)
        start = time.monotonic()
        try:
            if migration.transactional:
                done = self._in_transaction(migration)
            else:
                done = concurrent.apply(self.connection, self.target, migration, self.seconds)
        except StatementError as error:
            raise error.explained(migration) from None
        if not done:
            return None
        taken = time.monotonic() - start
        self.report("done", migration, taken)
        return Applied(migration, taken)

    def _in_transaction(self, migration: Migration) -> bool:
        """Statements and ledger row in one transaction, tried again while tables are locked by others."""
        deadline = time.monotonic() + self.seconds
        pause = 0.1
        while True:
            try:
                return self._try(migration)
            except StatementError as error:
                expired = time.monotonic() + pause > deadline
                if expired or not isinstance(error.cause, LockNotAvailable):
                    self._note(migration, error)
                    raise
            self.report("waiting", migration, pause)
            time.sleep(pause)
            pause = min(pause * 2, 5.0)

    def _try(self, migration: Migration) -> bool:
        try:
            with lock.held(self.connection, self.seconds, LIMITS):
                if ledger.find(self.connection, migration.version):
                    return False
                start = time.monotonic()
                for statement in migration.statements:
                    execute(self.connection, statement)
                ledger.record(self.connection, migration, Outcome(seconds=time.monotonic() - start))
        except psycopg.Error as error:
            if not migration.statements:
                raise
            # at the commit: a deferred constraint, or the connection
            raise StatementError(migration.statements[-1], error) from error
        return True

    def _note(self, migration: Migration, error: StatementError) -> None:
        """Writes the failure into the history, if the server can still be reached."""
        if not self.connection.closed:
            failed = Outcome("failed", done=0, error=redact(str(error.cause).strip()))
            ledger.note(self.connection, migration, "failure", failed)
