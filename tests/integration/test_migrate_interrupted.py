"""Files without a transaction: killed or failed at every moment, they go on where they stopped."""

from __future__ import annotations

import psycopg
import pytest

from memory_mcp.db import rollback
from memory_mcp.db.migration import HEADER
from memory_mcp.errors import MemoryMcpError
from tests.integration.killing import migration_killed_at
from tests.integration.test_migrate import HISTORY, LEDGER, migrate

CONCURRENT = f"""{HEADER}
CREATE TABLE IF NOT EXISTS a (b int);
CREATE INDEX CONCURRENTLY a_b ON a (b);
CREATE UNIQUE INDEX CONCURRENTLY a_unique ON a (b);
"""


# before each statement, and between it and its note; before the row is finished, and after
@pytest.mark.parametrize("moment", range(2 * 3 + 2))
def test_a_killed_run_without_transaction_goes_on_where_it_stopped(database, tmp_path, moment):
    (tmp_path / "1_c.sql").write_text(CONCURRENT)
    migration_killed_at(moment, database.target, tmp_path)
    finished = moment == 2 * 3 + 1
    state = ("applied", 3, None) if finished else ("failed", moment // 2, "interrupted")
    assert database.query("SELECT state, statements_done, error FROM memory_mcp.migrations") == [state]
    assert migrate(database, tmp_path) == ([] if finished else [1])
    assert database.query(LEDGER) == [(1, "c", "applied")]
    assert database.query(HISTORY) == [("apply", 1)]
    assert database.query("SELECT count(*) FROM pg_index WHERE indrelid = 'a'::regclass AND indisvalid") == [
        (2,)
    ]


def test_a_failed_concurrent_build_is_explained_cleaned_up_and_resumed(database, tmp_path):
    (tmp_path / "1_c.sql").write_text(CONCURRENT)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE a (b int)")
        connection.execute("INSERT INTO a VALUES (1), (1)")
    with pytest.raises(MemoryMcpError, match=r"1_c\.sql, line 4: .*unique") as caught:
        migrate(database, tmp_path)
    assert "the statements before it are applied" in caught.value.why
    assert database.query("SELECT state, statements_done FROM memory_mcp.migrations") == [("failed", 2)]
    assert database.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_unique'::regclass") == [
        (False,)
    ]
    database.query("TRUNCATE a")
    assert migrate(database, tmp_path) == [1]
    assert database.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_unique'::regclass") == [
        (True,)
    ]
    assert database.query(HISTORY) == [("failure", 1), ("apply", 1)]


def test_two_runners_of_a_file_without_transaction_wait_for_each_other(database, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    (tmp_path / "1_c.sql").write_text(CONCURRENT)
    with ThreadPoolExecutor(5) as pool:
        results = list(pool.map(lambda _: migrate(database, tmp_path), range(5)))
    assert sorted(results) == [[], [], [], [], [1]]
    assert database.query(HISTORY) == [("apply", 1)]


def test_a_file_without_transaction_is_undone_without_one(database, tmp_path):
    (tmp_path / "1_c.sql").write_text(CONCURRENT)
    (tmp_path / "rollback").mkdir()
    undo = f"{HEADER}\nDROP INDEX CONCURRENTLY IF EXISTS a_unique;\nDROP INDEX CONCURRENTLY IF EXISTS a_b;\n"
    (tmp_path / "rollback" / "1_c.sql").write_text(f"{undo}DROP TABLE a;")
    migrate(database, tmp_path)
    prepared = rollback.prepare(database.target, folder=tmp_path)
    undone, saved = rollback.rollback(database.target, prepared, save=False)
    assert ([each.migration.version for each in undone], saved) == ([1], None)
    assert database.query("SELECT to_regclass('a'), (SELECT count(*) FROM memory_mcp.migrations)") == [
        (None, 0)
    ]
    assert database.query(HISTORY) == [("apply", 1), ("rollback", 1)]
