"""A machine that loses its power at any point of a run is finished by the next run.

Each cut comes when what it interrupts is seen, and what is found after the boot says that it came in time.
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


def cut_and_look(machine: Machine, step: str, sight: str, after: float, found: str) -> None:
    """Cut the power of a run there; the command `found` succeeds on the machine if that came in time."""
    cut_off(machine, step, after, "power", sight)
    assert machine.run(found).returncode == 0, sight


def assert_finished(machine: Machine) -> None:
    """The next run gets to the end, and the one after it has nothing to do."""
    provisioned(machine)
    facts.assert_provisioned(machine, 15)
    assert provisioned(machine).changes == 0


def test_the_power_fails_again_and_again_from_the_compiler_to_a_migration(machine: Machines):
    """Each run gets over what the cut before left, and further; the last one gets to the end."""
    m = machine("debian12", before="pgvector")
    cuts = (
        ("pgvector", "cc1 ", 0.3, f"! test -e {VECTOR}"),
        (
            "Database and role",
            "^postgres: .* CREATE DATABASE",
            0.0,
            f"test -e {VECTOR} && ! test -e /opt/memory-mcp",
        ),
        (
            "Server",
            "pip install",
            1.5,
            "test -d /opt/memory-mcp/venvs && ! ls /opt/memory-mcp/venvs/*/.complete",
        ),
        ("Configuration", "/etc/memory-mcp/config/projects.json", 0.0, f"! {SMOKED}"),
        ("Schema", "^postgres: .*memory_user memory_default .* (CREATE|ALTER|DO)", 0.0, f"! {SMOKED}"),
    )
    for step, sight, after, found in cuts:
        cut_and_look(m, step, sight, after, found)
    assert_finished(m)


def test_the_power_fails_again_and_again_while_packages_are_installed(machine: Machines):
    """The same for one step, from a bare machine."""
    m = machine("debian12")
    for sight, after, found in (
        ("apt/methods/http", 0.5, "! command -v psql"),
        ("dpkg .*--unpack", 2.0, "dpkg --audit | grep -q ."),
        (
            "bin/postgres --single",
            0.1,
            f"{HALF} && test -e {DATA}/global/pg_control && ! test -e {DATA}/base/5",
        ),
    ):
        cut_and_look(m, "Packages", sight, after, found)
    assert_finished(m)
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
