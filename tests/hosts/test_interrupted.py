"""A run that ends in the middle, whatever the step, is finished by the next one.

The controller dies, or the machine loses its power. Each cut comes when what it interrupts is seen, and what is
found after the boot says that it came in time.
"""

from __future__ import annotations

import pytest

from tests.hosts import facts
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import cut_off, provisioned

pytestmark = pytest.mark.hosts("all")

VECTOR = "/usr/share/postgresql/15/extension/vector.control"
DATA = "/var/lib/postgresql/15/main"
HALF = "dpkg-query -W -f '${db:Status-Status}' postgresql-15 | grep -q half-configured"
SMOKED = "test -e /opt/memory-mcp/smoke-local.json"
VENVS = "/opt/memory-mcp/venvs"
# Where in a step the power fails: at which sight, how many seconds later, what is found when that came in time
STEPS = {
    "Packages": (
        ("apt/methods/http", 0.5, "! command -v psql"),
        ("dpkg .*--unpack", 2.0, "dpkg --audit | grep -q ."),
        (
            "bin/postgres --single",
            0.1,
            f"{HALF} && test -e {DATA}/global/pg_control && ! test -e {DATA}/base/5",
        ),
    ),
    "pgvector": (("cc1 ", 0.3, f"! test -e {VECTOR}"),),
    "Cluster": (),
    "Database and role": (
        ("^postgres: .* CREATE DATABASE", 0.0, f"test -e {VECTOR} && ! test -e /opt/memory-mcp"),
    ),
    "Server": (("pip install", 1.5, f"test -d {VENVS} && ! ls {VENVS}/*/.complete"),),
    "Configuration": (("/etc/memory-mcp/config/projects.json", 0.0, f"! {SMOKED}"),),
    "Schema": (("^postgres: .*memory_user memory_default .* (CREATE|ALTER|DO)", 0.0, f"! {SMOKED}"),),
    "Smoke test": (),
}


def test_the_power_fails_and_the_controller_dies_in_every_step(machine: Machines):
    """Each run gets over what the one before left, and further; the last one gets to the end."""
    m = machine("debian12", disk="4g")
    for step, cuts in STEPS.items():
        for sight, after, found in cuts:
            cut_off(m, step, after, "power", sight)
            assert m.run(found).returncode == 0, f"{step}: {sight}"
        cut_off(m, step, 0.3, "controller")
    provisioned(m)
    facts.assert_provisioned(m, 15)
    assert provisioned(m).changes == 0
    assert m.run("ls -d /var/lib/postgresql/set-aside-15-main-*/data").returncode == 0


HOLD = "BEGIN; LOCK TABLE memories IN ROW EXCLUSIVE MODE; SELECT pg_sleep(600)"  # lets reads pass, but no DDL


def test_the_power_fails_while_a_database_in_use_is_migrated(machine: Machines):
    m = machine("debian12", provisioned=True)
    as_administrator = f"systemd-run --unit=hold su postgres -c 'psql -Xd memory_default -c \"{HOLD}\"'"
    for command in ("memory-mcp db seed", "memory-mcp db rollback --steps 2 --yes", as_administrator):
        assert m.run(command).returncode == 0
    before = memories(m)
    assert len(before) > 1
    cut_off(m, "Schema", 0.0, "power", "^postgres: .*memory_user memory_default .*waiting")
    m.run("systemctl is-system-running --wait")
    assert "pending" in m.run("memory-mcp db status").stdout
    assert memories(m) == before
    provisioned(m)
    assert memories(m) == before
    assert "pending" not in m.run("memory-mcp db status").stdout
    assert provisioned(m).changes == 0


def memories(machine: Machine) -> list[str]:
    return facts.sql(machine, "SELECT id, content, embedding FROM memories ORDER BY 1")
