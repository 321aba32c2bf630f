"""Restoring: beside and exchanged, or in one transaction; the same contents again, or nothing changed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import backup, exchange, restore, seed, swap, verify
from memory_mcp.errors import BusyError, MemoryMcpError, RefusedError
from tests.integration.postgres import Database

COUNT = "SELECT count(*) FROM memories"
TABLES = (
    *("memories", "memory_indexes", "memory_relationships", "memory_usage_log"),
    *("memory_mcp.migrations", "memory_mcp.migration_history"),
)
OWNERS = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('public', 'memory_mcp')"
DATABASES = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1"
# what belongs to a database and is not in its dump
PROPERTIES = """
SELECT pg_get_userbyid(datdba), datcollate, datctype, encoding, datconnlimit, acl::text
FROM pg_database LEFT JOIN unnest(datacl) AS acl ON true WHERE datname = current_database() ORDER BY acl::text
"""


pytestmark = pytest.mark.usefixtures("servers_own_programs")


@pytest.fixture
def maker(server):
    """The application's role may create databases, and the administrator put vector into template1."""
    server.query("ALTER ROLE memory_user CREATEDB")
    server.query("CREATE EXTENSION vector", database="template1")
    yield
    server.query("DROP EXTENSION vector", database="template1")
    server.query("ALTER ROLE memory_user NOCREATEDB")


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as text."""
    return {table: database.query(f"SELECT t::text FROM {table} AS t ORDER BY 1") for table in TABLES}


def damage(database: Database) -> None:
    database.query("DELETE FROM memories")
    database.query("ALTER TABLE memories DROP COLUMN topic")


def test_an_application_role_restores_in_one_transaction(seeded, file):
    before = contents(seeded)
    backup.backup(seeded.target, file)
    damage(seeded)
    assert restore.restore(seeded.target, file).kept is None
    assert contents(seeded) == before
    assert verify.verify(seeded.target).ok
    assert seeded.query(OWNERS) == [("memory_user",)]


def test_extensions_in_a_schema_of_their_own_are_left_alone(bare_database, file):
    from memory_mcp.db import runner

    bare_database.query("CREATE SCHEMA extensions")
    bare_database.query("CREATE EXTENSION vector SCHEMA extensions")
    bare_database.query("GRANT USAGE ON SCHEMA extensions TO memory_user")
    runner.migrate(bare_database.target)
    seed.seed(bare_database.target)
    before = contents(bare_database)
    backup.backup(bare_database.target, file)
    damage(bare_database)
    restore.restore(bare_database.target, file)
    assert contents(bare_database) == before
    assert verify.verify(bare_database.target).ok


def test_a_role_that_may_make_databases_restores_beside(seeded, file, maker):
    seeded.query(f'REVOKE CONNECT ON DATABASE "{seeded.name}" FROM PUBLIC')
    before, properties = contents(seeded), seeded.query(PROPERTIES)
    backup.backup(seeded.target, file)
    damage(seeded)
    with psycopg.connect(seeded.url):  # somebody is connected all the time
        restored = restore.restore(seeded.target, file)
    assert contents(seeded) == before
    assert seeded.query(PROPERTIES) == properties
    assert seeded.query(OWNERS) == [("memory_user",)]
    assert verify.verify(seeded.target).ok
    assert seeded.server.query(COUNT, database=restored.kept) == [(0,)]
    seeded.server.drop(restored.kept)


def test_a_role_that_cannot_have_the_extension_replaces_instead(seeded, file):
    seeded.server.query("ALTER ROLE memory_user CREATEDB")
    try:
        before = contents(seeded)
        backup.backup(seeded.target, file)
        damage(seeded)
        assert restore.restore(seeded.target, file).kept is None
        assert contents(seeded) == before
        assert seeded.server.query(DATABASES, seeded.name) == [(seeded.name,)]
    finally:
        seeded.server.query("ALTER ROLE memory_user NOCREATEDB")


def test_whom_the_role_may_not_send_away_makes_it_end_and_nothing_changes(seeded, file, maker, monkeypatch):
    monkeypatch.setattr(swap, "_BUSY_SECONDS", 0)
    backup.backup(seeded.target, file)
    damage(seeded)
    with psycopg.connect(seeded.admin_url), pytest.raises(BusyError, match="other session"):
        restore.restore(seeded.target, file)
    assert seeded.query(COUNT) == [(0,)]
    assert seeded.server.query(DATABASES, seeded.name) == [(seeded.name,)]


def test_what_a_killed_restore_left_is_removed_by_the_next_one(seeded, file, maker):
    backup.backup(seeded.target, file)
    left = seeded.server.create(exchange.names(seeded.name).new)
    mine = seeded.server.create(f"{seeded.name}_restore_mine")
    restored = restore.restore(seeded.target, file)
    found = [row[0] for row in seeded.server.query(DATABASES, seeded.name)]
    assert found == sorted([seeded.name, restored.kept, mine.name])
    assert left.name not in found
    for name in (restored.kept, mine.name):
        seeded.server.drop(name)


def test_two_restores_at_once_do_not_meet(seeded, file, maker):
    backup.backup(seeded.target, file)
    with psycopg.connect(seeded.server.app_url("postgres"), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [swap._KEY])
        with pytest.raises(BusyError, match="another restore"):
            restore.restore(seeded.target, file)
    assert seeded.query(COUNT) == [(10,)]


def test_an_empty_database_of_the_administrators_is_filled(seeded, file):
    backup.backup(seeded.target, file)
    other = seeded.server.create(f"{seeded.name}_other", "template_extensions")
    assert restore.restore(seeded.target, file, into=other.name).kept is None
    assert contents(other) == contents(seeded)
    with pytest.raises(RefusedError, match="is not empty"):
        restore.restore(seeded.target, file, into=other.name)
    other.server.drop(other.name)


def test_the_names_fit_into_postgresqls_limit():
    names = exchange.names("ä" * 31)
    assert len({names.new, names.kept}) == 2
    assert max(len(name.encode()) for name in names) <= 63
    assert names.new.startswith(names.prefix)


@pytest.mark.parametrize("encoding", ["UTF8", "SQL_ASCII", "LATIN1"])
def test_the_new_database_has_the_encoding_of_the_old_one(server, encoding):
    server.query(
        f"CREATE DATABASE encoded OWNER memory_user TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
    )
    old = Database(server, "encoded")
    properties = old.query(PROPERTIES)
    names = exchange.names(old.name)
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        swap._run_answers(connection, exchange.MAKE, names)
    assert Database(server, names.new).query(PROPERTIES) == properties
    for name in (names.old, names.new):
        server.drop(name)


def test_a_restore_that_fails_changes_nothing(seeded, file):
    backup.backup(seeded.target, file)
    seeded.query("CREATE VIEW mine AS SELECT id FROM memories")  # stands in the way of the tables' replacement
    seeded.query("DELETE FROM memories WHERE id LIKE '%1'")
    before = seeded.query(COUNT)
    with pytest.raises(MemoryMcpError, match="pg_restore failed"):
        restore.restore(seeded.target, file)
    assert seeded.query(COUNT) == before
    assert verify.verify(seeded.target).ok


@pytest.mark.parametrize("content", [b"", b"no dump", b"cut"])
def test_a_damaged_file_is_refused_before_anything_changes(seeded, file, content):
    if content == b"cut":
        backup.backup(seeded.target, file)
        content = file.read_bytes()[:2000]
    file.write_bytes(content)
    with pytest.raises(MemoryMcpError):
        restore.restore(seeded.target, file)
    assert seeded.query(COUNT) == [(10,)]


def test_an_administrator_restores_beside_and_exchanges_the_names(seeded, file):
    name = seeded.name
    administrator = DatabaseTarget("test", seeded.admin_url, "test")
    seeded.query(f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC')
    seeded.query(f'ALTER ROLE memory_user IN DATABASE "{name}" SET search_path = "$user", public, extensions')
    seeded.query(f"ALTER DATABASE \"{name}\" SET work_mem = '5MB'")
    properties = (
        "SELECT pg_get_userbyid(datdba), acl::text FROM pg_database, unnest(datacl) AS acl "
        f"WHERE datname = '{name}' ORDER BY acl::text"
    )
    before = seeded.query(properties)
    backup.backup(administrator, file)
    seeded.query("DELETE FROM memories")
    with psycopg.connect(seeded.url):  # somebody is connected all the time
        restored = restore.restore(administrator, file)
    assert seeded.query(COUNT) == [(10,)]
    assert seeded.query(properties) == before
    with psycopg.connect(seeded.url) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ('"$user", public, extensions',)
        assert connection.execute("SHOW work_mem").fetchone() == ("5MB",)
    assert seeded.server.query(COUNT, database=restored.kept) == [(0,)]
    seeded.server.drop(restored.kept)


def test_bits_that_changed_on_the_disk_are_noticed(seeded, file):
    backup.backup(seeded.target, file)
    damaged = bytearray(file.read_bytes())
    damaged[-3000] ^= 1  # pg_restore alone does not notice
    file.write_bytes(damaged)
    with pytest.raises(MemoryMcpError, match="is damaged"):
        restore.restore(seeded.target, file)
    assert seeded.query(COUNT) == [(10,)]


def test_an_administrators_restore_that_fails_leaves_the_old_database(seeded, file):
    administrator = DatabaseTarget("test", seeded.admin_url, "test")
    seeded.query("CREATE ROLE leaver")
    seeded.query("ALTER TABLE memory_usage_log OWNER TO leaver")
    backup.backup(administrator, file)
    seeded.query("ALTER TABLE memory_usage_log OWNER TO memory_user")
    seeded.query("DROP ROLE leaver")
    with pytest.raises(MemoryMcpError, match=r"pg_restore failed.*leaver"):
        restore.restore(administrator, file)
    assert seeded.query(COUNT) == [(10,)]
    assert seeded.query("SELECT datname FROM pg_database WHERE datname LIKE %s", f"{seeded.name}\\_%") == []
