"""Backup and restore: complete or not at all, private, and nothing lost when something fails."""

from __future__ import annotations

import fnmatch
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from memory_mcp.db import backup, pgtools, restore, rollback, verify
from memory_mcp.errors import ConfigurationError, MemoryMcpError

COUNT = "SELECT count(*) FROM memories"


pytestmark = pytest.mark.usefixtures("servers_own_programs")


def test_a_backup_is_complete_and_private(seeded, file):
    made = backup.backup(seeded.target, file)
    assert made.path == file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listing = subprocess.run(
        [seeded.server.bin / "pg_restore", "-l", file], capture_output=True, text=True, check=True
    )
    assert "TABLE DATA public memories" in listing.stdout
    assert sorted(path.name for path in file.parent.iterdir()) == ["my.dump", "my.dump.sha256"]
    assert subprocess.run(["sha256sum", "-c", "my.dump.sha256"], cwd=file.parent, check=False).returncode == 0


def test_progress_names_the_tables_and_an_error_is_still_seen(seeded, file):
    steps = []
    backup.backup(seeded.target, file, steps.append)
    assert 'dumping contents of table "public.memories"' in steps
    steps.clear()
    restore.restore(seeded.target, file, progress=steps.append)
    assert 'processing data for table "public.memories"' in steps
    seeded.query("ALTER TABLE memories OWNER TO postgres")
    with pytest.raises(MemoryMcpError, match=r"pg_dump failed.*permission denied"):
        backup.backup(seeded.target, file.with_name("other"), steps.append)


def test_a_backup_never_overwrites(seeded, file):
    file.write_text("precious")
    with pytest.raises(ConfigurationError, match="exists"):
        backup.backup(seeded.target, file)
    assert file.read_text() == "precious"


def test_a_failed_backup_leaves_no_file(seeded, file):
    seeded.query("REVOKE ALL ON memories FROM memory_user")
    seeded.query("ALTER TABLE memories OWNER TO postgres")
    with pytest.raises(MemoryMcpError, match=r"pg_dump failed.*permission denied"):
        backup.backup(seeded.target, file)
    assert list(file.parent.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_other_process_can_see_the_password(seeded, tmp_path):
    """A program in pg_dump's place that writes down what everybody could see of it."""
    seen = tmp_path / "seen"
    fake = tmp_path / "pg_dump"
    fake.write_text(
        f"#!/bin/sh\ntr '\\0' '\\n' < /proc/$$/cmdline > {seen}\ntr '\\0' '\\n' < /proc/$$/environ >> {seen}\n"
    )
    fake.chmod(0o755)
    pgtools.run([fake], seeded.target)
    text = seen.read_text()
    assert "--dbname=postgresql://memory_user@127.0.0.1" in text
    assert seeded.server.app_password not in text


def test_a_rollback_that_loses_rows_is_saved_first(seeded, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "default_folder", lambda: tmp_path)
    undo = rollback.prepare(seeded.target, to=0)
    assert undo.loses_data
    undone, saved = rollback.rollback(seeded.target, undo)
    assert len(undone) == 4
    assert saved is not None and saved.parent == tmp_path
    assert seeded.query("SELECT to_regclass('memories')") == [(None,)]
    restore.restore(seeded.target, saved)
    assert seeded.query(COUNT) == [(10,)]
    assert seeded.query("SELECT count(*) FROM memory_mcp.migrations") == [(4,)]


def test_when_the_backup_fails_nothing_is_rolled_back(seeded, monkeypatch):
    monkeypatch.setattr(backup, "default_folder", lambda: Path("/proc/nowhere"))
    with pytest.raises(MemoryMcpError):
        rollback.rollback(seeded.target, rollback.prepare(seeded.target))
    assert seeded.query(COUNT) == [(10,)]
    assert verify.verify(seeded.target).ok


@pytest.mark.parametrize(
    "folder",
    [
        "/usr/lib/postgresql/15/bin",
        "/usr/pgsql-15/bin",
        "/opt/homebrew/opt/postgresql@15/bin",
        "/usr/local/opt/postgresql@15/bin",
        "/opt/homebrew/opt/libpq/bin",
        "/Applications/Postgres.app/Contents/Versions/15/bin",
        "/Library/PostgreSQL/15/bin",
        "C:/Program Files/PostgreSQL/15/bin",
    ],
)
def test_the_places_of_every_package_are_known(folder):
    """Debian, PGDG for yum, Homebrew on both kinds of Mac, Postgres.app, EnterpriseDB on macOS and Windows."""
    assert any(fnmatch.fnmatchcase(folder, place) for place in pgtools.PLACES)


def test_a_program_of_an_older_major_is_not_used(tmp_path, monkeypatch):
    for version in (14, 16, 17):
        folder = tmp_path / str(version)
        folder.mkdir()
        (folder / "pg_dump").write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.1'\n")
        (folder / "pg_dump").chmod(0o755)
    monkeypatch.setattr(pgtools, "PLACES", (str(tmp_path / "*"),))
    monkeypatch.setenv("PATH", str(tmp_path / "14"))
    monkeypatch.delenv("MEMORY_PG_BIN")
    assert pgtools.find("pg_dump", 15) == tmp_path / "16" / "pg_dump"
    assert pgtools.find("pg_dump", 17) == tmp_path / "17" / "pg_dump"
    assert os.access(pgtools.find("pg_dump", 14), os.X_OK)
    with pytest.raises(ConfigurationError, match="pg_dump of PostgreSQL 99"):
        pgtools.find("pg_dump", 99)
