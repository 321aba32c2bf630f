"""What a migration file may be called and may contain."""

from __future__ import annotations

import pytest

from memory_mcp.db import files, migration
from memory_mcp.db.migration import HEADER, concurrent_index, loses_data, parse
from memory_mcp.errors import ConfigurationError


def made(sql: str):
    return parse("1_x.sql", sql.encode())


def test_the_name_says_version_and_name():
    parsed = parse("20250117000001_init-schema.sql", b"SELECT 1")
    assert (parsed.version, parsed.name, parsed.label) == (
        20250117000001,
        "init-schema",
        "20250117000001_init-schema",
    )


@pytest.mark.parametrize(
    "name", ["init.sql", "1.sql", "1_.sql", "V1__x.sql", "1_a b.sql", "1234567890123456789_x.sql"]
)
def test_other_names_are_refused(name):
    with pytest.raises(ConfigurationError, match="not the name of a migration"):
        parse(name, b"SELECT 1")


def test_the_checksum_does_not_depend_on_the_editor():
    assert (
        made("SELECT 1;\nSELECT 2;\n").sha256 == parse("1_x.sql", b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;").sha256
    )
    assert made("SELECT 1").sha256 != made("SELECT 2").sha256


@pytest.mark.parametrize("statement", ["BEGIN", "commit", "ROLLBACK", "START TRANSACTION", "END", "ABORT WORK"])
def test_transactions_belong_to_the_runner(statement):
    with pytest.raises(ConfigurationError, match="line 2"):
        _ = made(f"SELECT 1;\n{statement};").statements


def test_savepoints_are_allowed():
    assert len(made("SAVEPOINT a; ROLLBACK TO SAVEPOINT a;").statements) == 2


def test_copy_from_standard_input_is_refused():
    with pytest.raises(ConfigurationError, match="line 1"):
        _ = made("COPY t (a) FROM stdin;\n1\n").statements


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX CONCURRENTLY a ON t (b)",
        "VACUUM t",
        "REINDEX TABLE CONCURRENTLY t",
        "ALTER SYSTEM SET a = 1",
    ],
)
def test_what_needs_no_transaction_says_so_in_the_header(statement):
    with pytest.raises(ConfigurationError, match="line 1") as caught:
        _ = made(statement).statements
    assert HEADER in caught.value.fix
    assert not made(f"{HEADER}\n{statement}").transactional
    assert len(made(f"{HEADER}\n{statement}").statements) == 1


@pytest.mark.parametrize(
    ("sql", "loses"),
    [
        ("DROP TABLE t", True),
        ("ALTER TABLE t DROP COLUMN c", True),
        ("ALTER TABLE t DROP c", True),
        ("DELETE FROM t", True),
        ("TRUNCATE t", True),
        ("UPDATE t SET a = 1", True),
        ("DO $$ BEGIN END $$", True),
        ("DROP INDEX i", False),
        ("ALTER TABLE t DROP CONSTRAINT c", False),
        ("ALTER TABLE t ALTER c DROP DEFAULT", False),
        ("ALTER TABLE t ADD COLUMN c text", False),
        ("CREATE TABLE t ()", False),
    ],
)
def test_statements_that_may_lose_rows_are_known(sql, loses):
    assert loses_data(made(sql)) is loses


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("CREATE INDEX CONCURRENTLY a ON t (b)", "a"),
        ("create unique index concurrently if not exists s.a on t (b)", "s.a"),
        ('CREATE INDEX CONCURRENTLY "A b" ON t (b)', '"A b"'),
        ("CREATE INDEX CONCURRENTLY ON t (b)", None),
    ],
)
def test_the_index_that_is_built_concurrently_is_known(sql, name):
    (statement,) = made(f"{HEADER}\n{sql}").statements
    assert concurrent_index(statement) == name


def test_two_files_with_one_version_are_refused(tmp_path):
    (tmp_path / "1_a.sql").write_text("SELECT 1")
    (tmp_path / "01_b.sql").write_text("SELECT 1")
    with pytest.raises(ConfigurationError, match="same version"):
        files.load(tmp_path)


def test_files_are_ordered_by_number_and_hidden_ones_are_left_out(tmp_path):
    for name in ("10_b.sql", "9_a.sql", ".#9_a.sql", "9_a.sql~"):
        (tmp_path / name).write_text("SELECT 1")
    assert [each.version for each in files.load(tmp_path).migrations] == [9, 10]


def test_every_shipped_migration_can_be_parsed_and_undone():
    shipped = files.load()
    assert [each.version for each in shipped.migrations] == [
        20250117000001,
        20250118000001,
        20250119000000,
        20250120000000,
    ]
    for each in shipped.migrations:
        assert each.statements
        assert shipped.rollback(each).statements


def test_a_migration_without_a_rollback_file_cannot_be_undone(tmp_path):
    (tmp_path / "1_a.sql").write_text("SELECT 1")
    found = files.load(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be rolled back"):
        found.rollback(found.migrations[0])


def test_the_header_counts_only_as_a_line_of_its_own():
    assert made(f"SELECT '{HEADER}'").transactional
    assert migration.parse("1_x.sql", f"-- why\r\n{HEADER}\r\nVACUUM".encode()).transactional is False
