"""kill -9 at every moment of every rollback: the next run converges."""

from __future__ import annotations

import pytest

from memory_mcp.db import rollback
from tests.integration.killing import SHIPPED, VERSIONS, Stages, moments, rollback_killed_at, shape
from tests.integration.test_migrate import HISTORY, LEDGER, migrate


@pytest.fixture(scope="module")
def stages(server, _with_extensions):
    return Stages(server, _with_extensions)


@pytest.mark.parametrize(
    ("number", "moment"), moments([SHIPPED.rollback(migration) for migration in SHIPPED.migrations])
)
def test_a_killed_rollback_is_finished_by_the_next_run(stages, number, moment):
    database = stages.copy(number + 1)
    rollback_killed_at(moment, database.target)
    undone, _ = rollback.rollback(database.target, rollback.prepare(database.target), save=False)
    assert [each.migration.version for each in undone] == [VERSIONS[number]]
    assert [row[0] for row in database.query(LEDGER)] == VERSIONS[:number]
    assert database.query(HISTORY)[-1] == ("rollback", VERSIONS[number])
    assert migrate(database) == VERSIONS[number:]
    assert shape(database) == stages.shapes[-1]
    database.server.drop(database.name)
