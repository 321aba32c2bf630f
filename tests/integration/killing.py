"""Runs of migrations and rollbacks that die by SIGKILL at a chosen moment, and what a schema looks like."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import concurrent, files, ledger, rollback, runner, statements
from memory_mcp.db.migration import Migration
from memory_mcp.db.runner import Request
from tests.integration.postgres import Database, Server

SHIPPED = files.load()
VERSIONS = [each.version for each in SHIPPED.migrations]
AFTER_THE_STATEMENTS = 2  # between SQL and ledger row, and between ledger row and commit
_numbers = count(1)

# Everything that pg_dump would write of what the migrations make, in one quick query.
SHAPE = """
WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'memory_mcp')),
     classes AS (SELECT c.oid, c.relname, c.relkind, c.relacl FROM pg_class AS c
                 WHERE c.relnamespace IN (SELECT oid FROM ours))
SELECT 'relation', relname::text, relkind::text, relacl::text FROM classes
UNION ALL
SELECT 'column', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid)
FROM classes AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'S')
UNION ALL
SELECT 'constraint', c.relname || '.' || k.conname, k.convalidated::text, pg_get_constraintdef(k.oid)
FROM classes AS c JOIN pg_constraint AS k ON k.conrelid = c.oid
UNION ALL
SELECT 'index', i.indexrelid::regclass::text, i.indisvalid::text, pg_get_indexdef(i.indexrelid)
FROM classes AS c JOIN pg_index AS i ON i.indrelid = c.oid
UNION ALL
SELECT 'trigger', g.tgname, g.tgenabled::text, pg_get_triggerdef(g.oid)
FROM classes AS c JOIN pg_trigger AS g ON g.tgrelid = c.oid WHERE NOT g.tgisinternal
UNION ALL
SELECT 'function', p.proname, '', pg_get_functiondef(p.oid) FROM pg_proc AS p
WHERE p.pronamespace IN (SELECT oid FROM ours) AND p.prokind = 'f'
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1, 2, 3, 4
"""


def shape(database: Database) -> list[tuple[Any, ...]]:
    """Every object of the schema and of the ledger, and the rows that a migration inserts."""
    rows = database.query(SHAPE)
    if ("relation", "memory_indexes") in {row[:2] for row in rows}:
        rows += database.query("SELECT project, name, description, metadata::text FROM memory_indexes")
    return rows


def migration_killed_at(
    moment: int, target: DatabaseTarget, folder: Path | None = None, steps: int = 1
) -> None:
    """Applies migrations in a child that is killed at the `moment`-th of its moments, counted from 0.

    They are: before each statement; for a file without transaction also between a statement and its note;
    between the last statement and the ledger row; between that and the commit.
    """
    _killed(moment, lambda: runner.migrate(target, Request(folder=folder, steps=steps)))


def rollback_killed_at(moment: int, target: DatabaseTarget, folder: Path | None = None) -> None:
    """The same for the rollback of the last migration."""
    undo = rollback.prepare(target, folder=folder)
    _killed(moment, lambda: rollback.rollback(target, undo, save=False))


def _killed(moment: int, work: Callable[[], object]) -> None:
    child = os.fork()
    if child == 0:
        _die_at(moment)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, "there are fewer moments"


def _die_at(moment: int) -> None:
    """Makes this process, a child that only works here, kill itself."""
    passed = -1

    def count() -> None:
        nonlocal passed
        passed += 1
        if passed == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(function: Any) -> Any:
        def counted(*arguments: Any) -> Any:
            count()
            return function(*arguments)

        return counted

    def around(function: Any) -> Any:
        def counted(*arguments: Any) -> Any:
            count()
            function(*arguments)
            count()

        return counted

    patch = pytest.MonkeyPatch()
    for module in (runner, concurrent, rollback):
        patch.setattr(module, "execute", before(statements.execute))
    patch.setattr(ledger, "progress", before(ledger.progress))
    patch.setattr(ledger, "record", around(ledger.record))
    patch.setattr(ledger, "remove", around(ledger.remove))


def moments(migrations: Sequence[Migration]) -> list[tuple[int, int]]:
    """(number of the migration, moment) for each of them."""
    lengths = [len(each.statements) + AFTER_THE_STATEMENTS for each in migrations]
    return [(number, moment) for number, length in enumerate(lengths) for moment in range(length)]


def few_by_default(migrations: Sequence[Migration]) -> list[Any]:
    """The same as parameters: all of them with --hosts=all, else the first and those around the record."""
    last = dict(moments(migrations))
    return [
        pytest.param(
            *(number, moment),
            marks=[pytest.mark.hosts("all")] if 0 < moment <= last[number] - AFTER_THE_STATEMENTS else [],
        )
        for number, moment in moments(migrations)
    ]


class Stages:
    """A database for each number of applied migrations; copies of it are made for the tests."""

    def __init__(self, server: Server, extensions: str) -> None:
        self.server = server
        made = next(_numbers)  # two modules may share a server
        self.names = [f"stage_{made}_{number}" for number in range(len(VERSIONS) + 1)]
        self.shapes = []
        for number, name in enumerate(self.names):
            stage = server.create(name, self.names[number - 1] if number else extensions)
            if number:
                runner.migrate(stage.target, Request(steps=1))
            self.shapes.append(shape(stage))

    def copy(self, number: int) -> Database:
        return self.server.create(f"killed_{next(_numbers)}", self.names[number])
