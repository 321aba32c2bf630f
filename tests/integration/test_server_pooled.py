"""The server and the smoke test behind PgBouncer in transaction mode."""

from __future__ import annotations

import asyncio

import pytest

from memory_mcp.db.runner import migrate
from memory_mcp.smoke import run
from tests.integration.serving import async_test, session, settings
from tests.integration.test_pooler import pooled, pooler  # noqa: F401 - fixtures


@pytest.fixture
def known(pooled, tmp_path):  # noqa: F811
    migrate(pooled)
    return settings(pooled.url, tmp_path)


@async_test
async def test_many_calls_share_few_connections_and_no_setting_leaks(known, database):
    async with session(known) as s:
        await asyncio.gather(*[s.ok("memorize", input=f"Fact {number}") for number in range(12)])
        # a prepared statement would fail from the sixth time on
        await asyncio.gather(*[s.ok("recall", query=f"fact {number}", limit=5) for number in range(12)])
    assert database.query("SELECT count(*), sum(access_count) FROM memories") == [(12, 60)]
    held = database.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    assert held == [(0,)]


@async_test
async def test_the_smoke_test_works_through_the_pooler_and_leaves_no_lock(known, database):
    report = await run.smoke(known, None, None, 60)
    assert [name for name, _ in report.steps][-1] == "remove index"
    assert database.query("SELECT count(*) FROM memory_usage_log") == [(0,)]
    assert database.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
