"""deploys/uninstall.py: what the main job put there goes, the data stay, unless they are given up by name."""

from __future__ import annotations

import pytest

from tests.hosts import facts
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import Run, dry, provision, provisioned

pytestmark = pytest.mark.hosts("all")
JOB = "deploys/uninstall.py"
PURGE = ("--data", "purge_data=true", "--data", "confirm=memory_default")
KEPT = "INSERT INTO memory_indexes (project, name) VALUES ('default', 'kept')"
NAMES = "SELECT name FROM memory_indexes ORDER BY 1"


def uninstalled(machine: Machine, *options: str) -> Run:
    run = provision(machine.inventory(), *options, job=JOB)
    assert run.returncode == 0, run.said
    return run


def test_the_data_stay_and_the_next_main_job_finds_them(machine: Machines):
    m = machine("debian12", provisioned=True)
    facts.sql(m, KEPT)
    planned = dry(m.inventory(), job=JOB)
    assert "would be: packages removed: postgresql-15" in planned.stderr
    uninstalled(m)
    facts.assert_gone(m)
    assert m.run("test -e /usr/lib/postgresql/15/lib/vector.so").returncode == 1, "compiled, and ours"
    assert "databaseUrl" in m.run("cat /var/backups/memory-mcp/config-*/config/projects.json").stdout
    assert m.run("stat -c %a /var/backups/memory-mcp/config-*").stdout == "700\n"
    assert uninstalled(m).changes == 0
    provisioned(m)
    assert facts.sql(m, NAMES) == ["kept", "memory"]


def test_a_server_that_others_use_stays(machine: Machines):
    m = machine("debian12", provisioned=True)
    facts.sql(m, "CREATE DATABASE shop", "postgres")
    facts.sql(m, "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id", "shop")
    facts.sql(m, "CREATE DATABASE second OWNER memory_user", "postgres")
    role = "SELECT rolname FROM pg_roles WHERE rolname = 'memory_user'"
    run = uninstalled(m, *PURGE)
    assert "PostgreSQL stays: it also serves second, shop" in run.said
    assert "role memory_user stays: second would be without it" in run.said
    assert facts.sql(m, role, "postgres") == ["memory_user"]
    facts.sql(m, "DROP DATABASE second", "postgres")
    assert "role memory_user removed" in uninstalled(m, *PURGE).said
    assert facts.sql(m, "SELECT count(*) FROM orders", "shop") == ["1000"]
    assert facts.sql(m, "SELECT datname FROM pg_database WHERE datname = 'memory_default'", "postgres") == []
    assert facts.sql(m, role, "postgres") == []
    assert m.run("ls -d /opt/memory-mcp /etc/memory-mcp /usr/local/bin/memory-mcp").stdout == ""
    assert uninstalled(m, *PURGE).changes == 0
