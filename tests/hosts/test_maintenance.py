"""Migrations, sample data, backups, rollbacks and restores over an inventory."""

from __future__ import annotations

import subprocess

import pytest

from tests.hosts import facts
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import ROOT, command, environment, provisioned

pytestmark = pytest.mark.hosts("all")
TABLES = ("memory_indexes", "memories", "memory_relationships", "memory_usage_log")


def run(machine: Machine, deploy: str, *options: str, mode: str = "-y") -> subprocess.CompletedProcess[str]:
    line = [*command(machine.inventory(), mode, *options)[:-1], f"deploys/{deploy}.py"]
    return subprocess.run(line, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)


def contents(machine: Machine) -> dict[str, list[str]]:
    return {table: facts.sql(machine, f"SELECT t::text FROM {table} t ORDER BY 1") for table in TABLES}


def restored(machine: Machine, file: str) -> subprocess.CompletedProcess[str]:
    return run(machine, "restore", "--data", f"restore_file={file}", "--data", "confirm=memory_default")


def databases(machine: Machine) -> list[str]:
    """What is there beside the database."""
    return facts.sql(
        machine, "SELECT datname FROM pg_database WHERE datname LIKE 'memory_default_%' ORDER BY 1", "postgres"
    )


def properties(machine: Machine) -> list[str]:
    """What belongs to the database, and is not in its dump."""
    about = "pg_get_userbyid(datdba), datacl, datcollate, datctype, encoding, datconnlimit"
    return facts.sql(machine, f"SELECT {about} FROM pg_database WHERE datname = 'memory_default'", "postgres")


def test_a_database_lives_through_a_rollback_and_a_restore(machine: Machines):
    assert "run deploys/postgres.py first" in run(machine("debian12"), "backup").stderr
    m = machine("debian12", provisioned=True)

    assert run(m, "seed").returncode == 0
    before, as_it_was = contents(m), properties(m)
    assert len(before["memories"]) >= 10

    assert run(m, "backup", "--data", "backup_file=/var/backups/mine.dump").returncode == 0
    assert m.run("stat -c '%a %U' /var/backups/mine.dump").stdout == "600 root\n"

    refused = run(m, "rollback", "--data", "rollback_to=0")
    assert refused.returncode == 1
    assert "confirm=memory_default" in refused.stderr
    assert contents(m) == before

    assert run(m, "rollback", "--data", "rollback_to=0", "--data", "confirm=memory_default").returncode == 0
    assert facts.sql(m, "SELECT to_regclass('public.memories') IS NULL") == ["t"]
    saved = m.run("ls /var/backups/memory-mcp/*.dump").stdout.split()
    assert len(saved) == 1

    pending = run(m, "migrate", mode="--dry")
    assert pending.returncode == 0
    assert "would be: migration 20250117000001_init_postgres_schema applied" in pending.stderr
    assert facts.sql(m, "SELECT to_regclass('public.memories') IS NULL") == ["t"]
    assert run(m, "migrate").returncode == 0
    assert contents(m)["memories"] == []

    for number, file in enumerate(("/var/backups/mine.dump", saved[0]), 1):
        done = restored(m, file)
        assert done.returncode == 0, done.stderr
        assert "kept: memory_default_before_" in done.stderr
        assert contents(m) == before
        assert len(databases(m)) == number
    assert properties(m) == as_it_was
    assert provisioned(m).changes == 0


def test_a_restore_that_cannot_be_done_leaves_the_database_and_nothing_beside_it(machine: Machines):
    m = machine("debian12", provisioned=True)
    assert run(m, "seed").returncode == 0
    assert run(m, "backup", "--data", "backup_file=/var/backups/mine.dump").returncode == 0
    before, as_it_was = contents(m), properties(m)

    m.run("cd /var/backups && head -c 5000 mine.dump > cut.dump && echo no > not.dump")
    for file in ("cut", "not", "missing"):
        failed = restored(m, f"/var/backups/{file}.dump")
        assert failed.returncode == 1
        assert (contents(m), properties(m), databases(m)) == (before, as_it_was, [])

    # what a killed restore leaves is removed by the next one; a role that is let into one database only cannot
    # fill another one
    facts.sql(m, "CREATE DATABASE memory_default_restore_20260101000000", "postgres")
    rules = m.run("cat /etc/postgresql/15/main/pg_hba.conf").stdout
    only = rules.replace("host    all             all             127", "host memory_default memory_user 127")
    assert only != rules
    m.run("cat > /etc/postgresql/15/main/pg_hba.conf && systemctl reload postgresql@15-main", input=only)
    facts.sql(m, "DELETE FROM memories")
    replaced = restored(m, "/var/backups/mine.dump")
    assert replaced.returncode == 0, replaced.stderr
    assert "replaced in one transaction" in replaced.stderr
    assert contents(m) == before
    assert databases(m) == ["memory_default_restore_20260101000000"]
    m.run("cat > /etc/postgresql/15/main/pg_hba.conf && systemctl reload postgresql@15-main", input=rules)

    password = facts.password(m)
    session = f"PGPASSWORD={password} psql -h localhost -U memory_user memory_default -c 'SELECT pg_sleep(600)'"
    m.run(f'nohup sh -c "{session}" >/dev/null 2>&1 & sleep 1')  # somebody is connected all the time
    assert restored(m, "/var/backups/mine.dump").returncode == 0
    assert contents(m) == before
    assert [name[:22] for name in databases(m)] == ["memory_default_before_"]


def test_a_schema_made_by_hand_is_adopted_when_it_is_the_same(machine: Machines):
    m = machine("debian12", provisioned=True)
    facts.sql(m, "DROP SCHEMA memory_mcp CASCADE")  # as if the files had been run with psql
    said = provisioned(m).said
    assert "schema that was made by hand adopted" in said
    assert provisioned(m).changes == 0

    facts.sql(m, "DROP SCHEMA memory_mcp CASCADE; ALTER TABLE memories DROP COLUMN topic")
    refused = run(m, "migrate")
    assert refused.returncode == 1
    assert "topic" in refused.stderr
