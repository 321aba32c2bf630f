"""Bare → main job → contract → second run → reboot → dry run, on every kind of machine (docs/platforms.md)."""

from __future__ import annotations

import pytest

from tests.hosts import facts
from tests.hosts.bed import later_majors, python_apart, ubuntu
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import data, dry, inventory_of, provision, provisioned

pytestmark = pytest.mark.hosts("all")


def assert_keeps(machine: Machine, major: int, *options: str, user: str = "root") -> None:
    """The contract holds, also after a restart, and another run would change nothing."""
    facts.assert_provisioned(machine, major)
    assert provisioned(machine, *options, user=user).changes == 0
    facts.assert_works_after_a_reboot(machine, major)
    again = dry(machine.inventory(user), *options)
    assert again.returncode == 0, again.stderr
    assert "would be:" not in again.stderr


def assert_whole_life(machine: Machine, major: int, *options: str, user: str = "root") -> str:
    """One cell of the matrix; what the first run said."""
    first = provisioned(machine, *options, user=user)
    assert_keeps(machine, major, *options, user=user)
    return first.said


def test_debian_13_as_a_user_with_sudo_has_its_own_postgresql_17(machine: Machines):
    m = machine("debian13")
    said = assert_whole_life(m, 17, user="ops")
    assert "PostgreSQL 17 (distribution)" in said
    assert provisioned(m, "--data", "postgres_version=17", user="ops").changes == 0


def test_ubuntu_24_04_of_pgdgs_archive_over_a_slow_link_has_16_and_then_18_by_one_setting(
    machine: Machines, mirror, fault
):
    """Debian 12 under Ubuntu's name, with PGDG's packages for that (later_majors.py)."""
    mirror.publish(later_majors.repository(later_majors.NOBLE))
    m = machine("debian12", pgdg=True, wire=True, files=ubuntu.named("24.04", "noble"))
    settings = {
        "pgdg_apt_url": "https://apt.postgresql.org/pub/repos/moved",
        "pgdg_apt_archive_url": "https://apt.postgresql.org/pub/repos/apt",
        "pgdg_apt_key": str(mirror.apt_key),
    }
    options = data(settings)
    sixteen, eighteen = (*options, "--data", "postgres_version=16"), (*options, "--data", "postgres_version=18")
    with fault.slow(m, 0.02, loss=0.005):
        said = provisioned(m, *sixteen).said
    assert "PostgreSQL 16 (pgdg)" in said
    assert "PGDG has moved noble to its archive" in said
    assert "CVE" not in said, "0.8.5 from the package is new enough"
    assert "pgdg24.04" in m.run("dpkg-query -W -f '${Version}' postgresql-16-pgvector").stdout
    assert_keeps(m, 16, *sixteen)
    later = provisioned(m, *eighteen)
    assert "5433" in later.said, "beside the other, and reported"
    assert facts.sql(m, "SHOW server_version", port=5433)[0].startswith("18.")
    assert facts.sql(m, "SELECT extversion FROM pg_extension WHERE extname = 'vector'", port=5433) == ["0.8.5"]
    assert facts.sql(m, "SHOW server_version")[0].startswith("16."), "it goes on as it was"
    assert provisioned(m, *eighteen, "--data", "postgres_source=pgdg").changes == 0


def test_debian_11_has_pgdgs_16_and_a_python_that_is_named(machine: Machines, mirror):
    """Its own Python is 3.9, its own PostgreSQL 13 (python_apart.py, later_majors.py)."""
    mirror.publish(later_majors.repository(later_majors.BULLSEYE))
    m = machine("debian11", pgdg=True, layers=(str(python_apart.layer()),))
    settings = {
        "pgdg_apt_key": str(mirror.apt_key),
        "postgres_version": "16",
        "server_python": python_apart.PATH,
    }
    options = data(settings)
    said = assert_whole_life(m, 16, *options)
    assert "PostgreSQL 16 (pgdg)" in said
    assert "ended" in said
    assert facts.look(m, "ls /opt/memory-mcp/current/lib") == f"python{python_apart.VERSION}\n"


def test_ubuntu_26_04_has_postgresql_18_and_python_3_14_of_its_own(machine: Machines):
    """Debian's sid under Ubuntu's name: wordllama has no wheel for this Python (remote/model.py)."""
    m = machine("sid", files=ubuntu.named("26.04", "sid"))
    said = assert_whole_life(m, 18)
    assert "PostgreSQL 18 (distribution)" in said
    assert facts.look(m, "ls /opt/memory-mcp/current/lib") == "python3.14\n"


def test_ten_machines_in_one_run_and_one_of_them_compiles(machine: Machines, tmp_path):
    bare_of_pgvector = machine.several("debian12", 2, before="pgvector")
    machines = [
        *bare_of_pgvector,
        *machine.several("debian12", 2, before="Configuration"),
        *machine.several("debian12", 6, provisioned=True),
    ]
    run = provision(inventory_of(tmp_path, machines))
    assert run.returncode == 0, run.said
    for m in machines:
        facts.assert_database(m)
    for m in bare_of_pgvector:
        facts.assert_usable(m)
    compilers = [m for m in bare_of_pgvector if "compiled for this server" in run.of(m)]
    assert len(compilers) == 1, "one machine compiles, the other gets its files"
    assert run.said.count("as another machine of this run compiled it") == 1
    again = provision(inventory_of(tmp_path, machines[:3]))
    assert (again.returncode, again.changes) == (0, 0), again.said


def test_one_unfit_machine_does_not_stop_the_others(machine: Machines, tmp_path):
    fit, unfit = machine("debian12", before="Configuration"), machine("debian12", disk="900m")
    run = provision(inventory_of(tmp_path, [unfit, fit]))
    assert run.returncode == 1
    assert f"[{unfit.name}]" in run.said
    assert "MiB are free" in run.said
    facts.assert_provisioned(fit, 15)
