"""Undoes migrations with the files of `migrations/rollback/`, after a backup when rows could be lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import files, ledger, lock, status
from memory_mcp.db.backup import backup
from memory_mcp.db.connect import Connection, check_server, connect, require_direct
from memory_mcp.db.migration import Migration, loses_data
from memory_mcp.db.pgtools import Progress
from memory_mcp.db.runner import LIMITS, Applied
from memory_mcp.db.statements import StatementError, execute
from memory_mcp.errors import RefusedError


@dataclass(frozen=True)
class Undo:
    """What a rollback would do, newest migration first; `scripts` are the files that undo them."""

    migrations: tuple[Migration, ...]
    scripts: tuple[Migration, ...]

    @property
    def loses_data(self) -> bool:
        """Whether rows may be lost."""
        return any(loses_data(script) for script in self.scripts)


def prepare(
    target: DatabaseTarget, to: int | None = None, steps: int | None = None, folder: Path | None = None
) -> Undo:
    """Finds what to undo: everything above version `to` (0: everything), else the last `steps` (default 1)."""
    migrations = files.load(folder)
    with connect(target, "planning the rollback") as connection:
        check_server(connection)
        state, plan = status.look(connection, migrations)
        if state == "unmanaged":
            raise RefusedError(
                f"{target.parsed.database} has no record of migrations",
                "",
                "adopt it first: memory-mcp db baseline",
            )
    chosen = []
    for entry in plan.last(to, steps):
        migration = migrations.find(entry.version)
        if migration is None:
            raise RefusedError(
                f"{entry.label}.sql is missing",
                "nobody knows how to undo it",
                "install the memory-mcp that has it",
            )
        chosen.append(migration)
    return Undo(tuple(chosen), tuple(migrations.rollback(each) for each in chosen))


def rollback(
    target: DatabaseTarget,
    undo: Undo,
    *,
    save: bool = True,
    seconds: float = 60.0,
    progress: Progress | None = None,
) -> tuple[list[Applied], Path | None]:
    """Undoes each migration in a transaction of its own; returns what was undone, and the backup's file.

    With `save`, a backup is made first when rows may be lost; if it fails, nothing is undone.
    """
    saved = backup(target, progress=progress).path if save and undo.loses_data else None
    undone = []
    with connect(target, "rolling back") as connection:
        for migration, script in zip(undo.migrations, undo.scripts, strict=True):
            start = time.monotonic()
            with _held(connection, target, script, seconds):
                if ledger.find(connection, migration.version) is None:
                    continue  # somebody else was faster
                try:
                    for statement in script.statements:
                        execute(connection, statement)
                except StatementError as error:
                    raise error.explained(script) from None
                ledger.remove(connection, migration, time.monotonic() - start)
            undone.append(Applied(migration, time.monotonic() - start))
    return undone, saved


@contextmanager
def _held(connection: Connection, target: DatabaseTarget, script: Migration, seconds: float) -> Iterator[None]:
    """The lock, in the script's own transaction; for a script without one, in that of a second connection.

    A script without a transaction that fails half-way is simply run again, so its statements say IF EXISTS.
    """
    if script.transactional:
        with lock.held(connection, seconds, LIMITS):
            yield
        return
    require_direct(connection, script.file_name)
    with connect(target, "holding the lock") as guard, lock.held(guard, seconds, lock.GUARD):
        yield
