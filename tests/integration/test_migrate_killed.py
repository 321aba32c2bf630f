"""kill -9 at every moment of every migration: the next run converges."""

from __future__ import annotations

import pytest

from tests.integration.killing import (
    SHIPPED,
    VERSIONS,
    Stages,
    few_by_default,
    migration_killed_at,
    moments,
    shape,
)
from tests.integration.test_migrate import HISTORY, LEDGER, migrate


@pytest.fixture(scope="module")
def stages(server, _with_extensions):
    return Stages(server, _with_extensions)


def test_the_moments_are_all_there_are(stages):
    """One more than the last, and the child survives: so the last one lies after the last statement."""
    number, moment = moments(SHIPPED.migrations)[-1]
    with pytest.raises(AssertionError, match="there are fewer moments"):
        migration_killed_at(moment + 1, stages.copy(number).target)


@pytest.mark.parametrize(("number", "moment"), few_by_default(SHIPPED.migrations))
def test_a_killed_migration_is_finished_by_the_next_run(stages, number, moment):
    database = stages.copy(number)
    migration_killed_at(moment, database.target)
    assert migrate(database) == VERSIONS[number:]
    assert shape(database) == stages.shapes[-1]
    assert [row[0] for row in database.query(LEDGER)] == VERSIONS
    assert database.query(HISTORY) == [("apply", version) for version in VERSIONS]
    database.server.drop(database.name)
