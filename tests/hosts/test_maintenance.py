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


def test_a_database_lives_through_a_rollback_and_a_restore(machine: Machines):
    assert "run deploys/postgres.py first" in run(machine("debian12"), "backup").stderr
    m = machine("debian12", provisioned=True)

    assert run(m, "seed").returncode == 0
    before = contents(m)
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

    for file in ("/var/backups/mine.dump", saved[0]):
        options = ("--data", f"restore_file={file}", "--data", "confirm=memory_default")
        done = run(m, "restore", *options)
        assert done.returncode == 0, done.stderr
        assert contents(m) == before
    assert provisioned(m).returncode == 0
    assert provisioned(m).changes == 0


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
