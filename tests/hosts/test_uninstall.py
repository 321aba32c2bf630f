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
# Files that the main job makes, as a person would look for them.
TRACES = (
    "ls -d /opt/memory-mcp /etc/memory-mcp /usr/local/bin/memory-mcp /var/cache/memory-mcp /var/lib/memory-mcp "
    "/etc/apt/sources.list.d/memory-mcp* /usr/share/keyrings/memory-mcp* /etc/yum.repos.d/memory-mcp* "
    "/etc/pki/rpm-gpg/memory-mcp* 2>/dev/null"
)


def uninstalled(machine: Machine, *options: str) -> Run:
    run = provision(machine.inventory(), *options, job=JOB)
    assert run.returncode == 0, run.said
    return run


def assert_gone(machine: Machine) -> None:
    assert machine.run(TRACES).stdout == ""
    assert machine.run("id memory-mcp").returncode == 1
    assert machine.run("pgrep -x postgres").returncode == 1
    listed = machine.run("dpkg-query -W -f '${Package} ${db:Status-Status}\\n' || rpm -qa").stdout
    words = [line for line in listed.splitlines() if "postgresql" in line or "pgvector" in line]
    left = [line for line in words if line.endswith(" installed") or line.count(" ") == 0]
    assert [
        line for line in left if not line.startswith(("postgresql-common", "postgresql-client-common"))
    ] == []


def test_the_data_stay_and_the_next_main_job_finds_them(machine: Machines):
    m = machine("debian12", provisioned=True)
    facts.sql(m, KEPT)
    planned = dry(m.inventory(), job=JOB)
    assert "would be: packages removed: postgresql-15" in planned.stderr
    uninstalled(m)
    assert_gone(m)
    assert m.run("test -e /usr/lib/postgresql/15/lib/vector.so").returncode == 1, "compiled, and ours"
    assert "databaseUrl" in m.run("cat /var/backups/memory-mcp/config-*/config/projects.json").stdout
    assert m.run("stat -c %a /var/backups/memory-mcp/config-*").stdout == "700\n"
    assert uninstalled(m).changes == 0
    provisioned(m)
    assert facts.sql(m, NAMES) == ["kept", "memory"]


def test_the_data_go_when_they_are_given_up_by_name_and_a_backup_stays(machine: Machines, mirror):
    m = machine("el9", pgdg=True)
    provisioned(m, "--data", f"pgdg_yum_key={mirror.rpm_key}")
    facts.sql(m, KEPT)
    refused = provision(m.inventory(), "--data", "purge_data=true", job=JOB)
    assert refused.returncode == 1
    assert "confirm=memory_default" in refused.said
    assert facts.sql(m, NAMES) == ["kept", "memory"]
    run = uninstalled(m, *PURGE)
    assert "backup: /var/backups/memory-mcp/memory_default" in run.said
    assert m.run("test -e /var/lib/pgsql/15/data").returncode == 1
    assert m.run("stat -c '%a %U' /var/backups/memory-mcp/*.dump").stdout == "600 root\n"
    assert_gone(m)
    assert uninstalled(m, *PURGE).changes == 0


def test_a_server_that_others_use_stays(machine: Machines):
    m = machine("debian12", provisioned=True)
    facts.sql(m, "CREATE DATABASE shop", "postgres")
    facts.sql(m, "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id", "shop")
    run = uninstalled(m, *PURGE)
    assert "PostgreSQL stays: it also serves shop" in run.said
    assert facts.sql(m, "SELECT count(*) FROM orders", "shop") == ["1000"]
    assert facts.sql(m, "SELECT datname FROM pg_database WHERE datname = 'memory_default'", "postgres") == []
    assert facts.sql(m, "SELECT rolname FROM pg_roles WHERE rolname = 'memory_user'", "postgres") == []
    assert m.run("ls -d /opt/memory-mcp /etc/memory-mcp /usr/local/bin/memory-mcp").stdout == ""
    assert uninstalled(m, *PURGE).changes == 0
