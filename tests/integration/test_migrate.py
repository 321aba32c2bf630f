"""The runner on a real server: exactly once, all or nothing, and refusals before the first statement."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from memory_mcp.db import files, runner, status
from memory_mcp.db.runner import Request
from memory_mcp.errors import BusyError, ConfigurationError, MemoryMcpError, RefusedError, UnreachableError

LEDGER = "SELECT version, name, state FROM memory_mcp.migrations ORDER BY version"
HISTORY = "SELECT event, version FROM memory_mcp.migration_history ORDER BY id"


@pytest.fixture
def folder(tmp_path):
    """A folder for migrations, and a way to write them."""

    def write(**texts: str):
        for name, text in texts.items():
            (tmp_path / f"{name.removeprefix('m')}.sql").write_text(text)
        return tmp_path

    return write


def migrate(database, folder=None, **options):
    return [
        each.migration.version for each in runner.migrate(database.target, Request(folder=folder, **options))
    ]


def test_everything_is_applied_in_order_and_recorded(database):
    shipped = files.load().migrations
    assert migrate(database) == [each.version for each in shipped]
    rows = database.query(
        "SELECT version, name, sha256, sql, state, applied_by FROM memory_mcp.migrations ORDER BY 1"
    )
    expected = [(each.version, each.name, each.sha256, each.text, "applied", "memory_user") for each in shipped]
    assert rows == expected
    assert database.query(HISTORY) == [("apply", each.version) for each in shipped]


def test_the_second_run_does_nothing(migrated):
    before = migrated.query("SELECT * FROM memory_mcp.migration_history")
    assert migrate(migrated) == []
    assert migrated.query("SELECT * FROM memory_mcp.migration_history") == before


def test_twenty_runners_apply_each_migration_exactly_once(database):
    start = threading.Barrier(20)

    def run(_):
        start.wait()
        return migrate(database)

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(run, range(20)))
    versions = [each.version for each in files.load().migrations]
    assert sorted(version for result in results for version in result) == versions
    assert database.query(HISTORY) == [("apply", version) for version in versions]


def test_a_failing_statement_is_named_and_undoes_its_whole_file(database, folder):
    place = folder(
        m1_ok="CREATE TABLE a ();", m2_bad="CREATE TABLE b ();\n\nSELECT 1,\n  nonsense;", m3_later="SELECT 1;"
    )
    with pytest.raises(MemoryMcpError, match=r"2_bad\.sql, line 4: .*nonsense") as caught:
        migrate(database, place)
    assert "nothing of this file was applied" in caught.value.why
    assert database.query("SELECT to_regclass('a')::text, to_regclass('b')::text") == [("a", None)]
    assert database.query(LEDGER) == [(1, "ok", "applied")]
    assert database.query(HISTORY) == [("apply", 1), ("failure", 2)]
    folder(m2_bad="CREATE TABLE b ();")
    assert migrate(database, place) == [2, 3]


def test_a_file_that_cannot_be_parsed_stops_everything_before_it_starts(database, folder):
    place = folder(m1_ok="CREATE TABLE a ();", m2_bad="\\d")
    with pytest.raises(ConfigurationError, match=r"2_bad\.sql, line 1"):
        migrate(database, place)
    assert database.query("SELECT to_regclass('a'), to_regnamespace('memory_mcp')") == [(None, None)]


def test_a_dry_run_writes_nothing(database):
    assert len(migrate(database, dry_run=True)) == 4
    assert database.query("SELECT to_regclass('memories'), to_regnamespace('memory_mcp')") == [(None, None)]


def test_steps_and_to_stop_early(database):
    versions = [each.version for each in files.load().migrations]
    assert migrate(database, steps=1) == versions[:1]
    assert migrate(database, to=versions[2]) == versions[1:3]
    assert migrate(database) == versions[3:]


def test_an_edited_file_is_refused_before_anything_runs(database, folder):
    place = folder(m1_a="CREATE TABLE a ();")
    migrate(database, place)
    folder(m1_a="CREATE TABLE a (b int);", m2_b="CREATE TABLE b ();")
    with pytest.raises(RefusedError, match="was changed after it had been applied"):
        migrate(database, place)
    assert database.query("SELECT to_regclass('b')") == [(None,)]


def test_a_late_file_needs_permission(database, folder):
    place = folder(m2_b="CREATE TABLE b ();")
    migrate(database, place)
    folder(m1_a="CREATE TABLE a ();")
    with pytest.raises(RefusedError, match="older than the newest"):
        migrate(database, place)
    assert migrate(database, place, out_of_order=True) == [1]


def test_tables_that_were_made_by_hand_are_left_alone(database):
    assert database.psql("-f", str(files.folder() / "20250117000001_init_postgres_schema.sql")).returncode == 0
    assert status.status(database.target).state == "unmanaged"
    with pytest.raises(RefusedError) as caught:
        migrate(database)
    assert "db baseline" in caught.value.fix


def test_a_read_only_server_is_refused(database):
    database.query(f'ALTER DATABASE "{database.name}" SET default_transaction_read_only = on')
    with pytest.raises(RefusedError, match="read-only"):
        migrate(database)


def test_a_locked_table_is_waited_for(migrated, folder):
    place = folder(m1_a="ALTER TABLE memories ADD COLUMN colour text;")
    migrated.query("DROP SCHEMA memory_mcp CASCADE")
    migrated.query("CREATE SCHEMA memory_mcp AUTHORIZATION memory_user")
    migrated.query("ALTER TABLE memories RENAME TO locked")
    (place / "1_a.sql").write_text("ALTER TABLE locked ADD COLUMN colour text;")
    waiting = threading.Event()
    with psycopg.connect(migrated.admin_url) as other:
        other.execute("LOCK TABLE locked")

        def release():
            waiting.wait(30)
            other.rollback()

        thread = threading.Thread(target=release)
        thread.start()
        report = lambda phase, *_: waiting.set() if phase == "waiting" else None  # noqa: E731
        runner.migrate(migrated.target, Request(folder=place), report)
        thread.join()
    assert waiting.is_set()
    assert migrated.query("SELECT count(*) FROM pg_attribute WHERE attname = 'colour'") == [(1,)]


def test_a_table_that_stays_locked_ends_in_busy_and_changes_nothing(database, folder):
    place = folder(m1_a="CREATE TABLE a ();")
    migrate(database, place)
    folder(m2_b="ALTER TABLE a ADD COLUMN b int;")
    with psycopg.connect(database.admin_url) as other:
        other.execute("LOCK TABLE a")
        with pytest.raises(BusyError, match=r"2_b\.sql, line 1"):
            migrate(database, place, seconds=0.1)
    assert migrate(database, place) == [2]


def test_a_running_migration_elsewhere_ends_in_busy_and_is_named(database):
    from memory_mcp.db import lock

    with psycopg.connect(database.admin_url) as other:
        other.execute("SET application_name = 'the other one'")
        other.execute("SELECT pg_advisory_xact_lock(%s)", [lock.KEY])
        with pytest.raises(BusyError) as caught:
            migrate(database, seconds=0.1)
    assert "the other one" in caught.value.why


def test_a_thousand_migrations(database, tmp_path):
    for number in range(1, 1001):
        (tmp_path / f"{number:04}_m.sql").write_text(f"CREATE TABLE t{number} (id int PRIMARY KEY);")
    assert migrate(database, tmp_path) == list(range(1, 1001))
    assert migrate(database, tmp_path) == []
    assert database.query("SELECT count(*) FROM pg_tables WHERE tablename ~ '^t[0-9]+$'") == [(1000,)]


def test_the_extension_may_live_in_another_schema(bare_database):
    bare_database.query("CREATE SCHEMA extensions")
    bare_database.query("CREATE EXTENSION vector SCHEMA extensions")
    bare_database.query("GRANT USAGE ON SCHEMA extensions TO memory_user")
    assert len(migrate(bare_database)) == 4
    found = bare_database.psql("-Atc", "SELECT '[1,2]'::vector <=> '[1,2]'::vector")
    assert found.stdout.strip() == "0"  # later sessions of the role see its operators


def test_without_the_extension_the_administrator_is_named_never_superuser(bare_database):
    with pytest.raises(
        ConfigurationError, match=r"20250117000001_init_postgres_schema\.sql, line \d+"
    ) as caught:
        migrate(bare_database)
    assert "CREATE EXTENSION vector" in caught.value.fix
    assert "SUPERUSER" not in str(caught.value).upper().replace("NEVER MAKE THE APPLICATION A SUPERUSER", "")


def test_the_history_cannot_be_rewritten_by_the_application(migrated):
    for statement in ("DELETE FROM", "TRUNCATE"):
        refused = migrated.psql("-c", f"{statement} memory_mcp.migration_history")
        assert "permission denied" in refused.stderr


def test_a_runtime_role_may_read_the_state_and_nothing_more(migrated):
    migrated.query("CREATE ROLE runtime LOGIN PASSWORD 'runtime'")
    target = migrated.target
    url = target.parsed.text.replace("memory_user", "runtime").replace(migrated.server.app_password, "runtime")
    try:
        assert status.status(type(target)("test", url, "test")).state == "current"
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM memory_mcp.migrations")
    finally:
        migrated.query("DROP OWNED BY runtime; DROP ROLE runtime")


def test_a_constraint_that_fails_at_the_commit_is_reported_with_its_file(database, folder):
    sql = "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
    place = folder(m1_deferred=f"{sql} INSERT INTO a VALUES (1, 2);")
    with pytest.raises(MemoryMcpError, match=r"1_deferred\.sql, line 1: .*foreign key"):
        migrate(database, place)
    assert database.query("SELECT to_regclass('a')") == [(None,)]
    assert database.query(HISTORY) == [("failure", 1)]


def test_a_lost_connection_applies_nothing_and_the_next_run_goes_on(database, folder):
    place = folder(
        m1_a="CREATE TABLE a ();", m2_b="CREATE TABLE b (); SELECT pg_terminate_backend(pg_backend_pid());"
    )
    with pytest.raises(UnreachableError, match=r"2_b\.sql, line 1"):
        migrate(database, place)
    assert database.query("SELECT to_regclass('a')::text, to_regclass('b')::text") == [("a", None)]
    folder(m2_b="CREATE TABLE b ();")
    assert migrate(database, place) == [2]


def test_what_somebody_else_applied_meanwhile_is_not_reported_as_ours(migrated):
    reported = []
    with psycopg.connect(migrated.url, autocommit=True) as connection:
        ours = runner.Runner(connection, migrated.target, 5, lambda phase, *_: reported.append(phase))
        assert ours.apply(files.load().migrations[0]) is None
    assert "done" not in reported
