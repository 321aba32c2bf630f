"""What goes wrong on the way: a message that names the cause, nothing lost, and the next run converges.

Power cuts and a controller that dies are in test_interrupted.py.
"""

from __future__ import annotations

import pytest

from tests.hosts import facts, prefork
from tests.hosts.bed import wheels
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import provision, provisioned, running

pytestmark = pytest.mark.hosts("all")


def pgdg_options(mirror) -> tuple[str, ...]:
    return ("--data", f"pgdg_apt_key={mirror.apt_key}")


def assert_fails(machine: Machine, cause: str, *options: str) -> str:
    """The run fails with the cause and a cure, and without a traceback; what it said."""
    run = provision(machine.inventory(), *options)
    assert run.returncode == 1, run.said
    assert cause in run.said, run.said
    assert "fix: " in run.said
    assert "Traceback" not in run.said
    return run.said


def rest(run: prefork.Run) -> str:
    """What it says until its end."""
    said = run.stderr.read()
    run.wait()
    return said


OLDER = """
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update && apt-get -qq install -y --no-install-recommends postgresql-13
"""
UNTOUCHED = "find /etc/postgresql/13 /usr/lib/postgresql/13 -type f -exec sha256sum {} + | sort"


@pytest.fixture
def beside_an_older(machine: Machines) -> Machine:
    """A Debian 12 with a cluster of PostgreSQL 13 that serves another application."""
    m = machine("debian12", pgdg=True)
    facts.look(m, OLDER)
    facts.sql(m, "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id", "postgres")
    return m


def test_what_a_mirror_can_do_wrong_and_then_a_full_disk_are_told_apart_and_an_older_cluster_never_sees_it(
    beside_an_older: Machine, mirror, fault
):
    m, options = beside_an_older, pgdg_options(mirror)
    before, packages = facts.look(m, UNTOUCHED), facts.look(m, "dpkg-query -W")
    # the bundled key is PGDG's own, this mirror signs with another
    assert "pgdg_apt_key" in assert_fails(m, "signed by another key")
    with mirror.fault(r"pgdg/InRelease$", edition="future"):
        assert_fails(m, "clock", *options)
    with mirror.fault(r"pgdg/InRelease$", edition="expired"):
        assert_fails(m, "expired", *options)
    with mirror.fault(r"/postgresql-15_.*deb$", corrupt=True):
        assert_fails(m, "damaged", *options)
    with mirror.fault(r"/postgresql-15_.*deb$", status=503):
        assert_fails(m, "the mirror answers with an error", *options)
    assert facts.look(m, "dpkg-query -W") == packages, "nothing was installed by halves"
    with (
        mirror.fault(r"/postgresql-15_.*deb$", status=503, times=2),
        mirror.fault(r"/postgresql-client-15_", cut=1000, times=1),
        running(m, "Packages", 1.0, *options, sight="dpkg .*--unpack") as run,
        fault.full(m, free=20_000_000),
    ):
        said = rest(run)  # twice 503 and a torn download: apt tries again, and comes to the next trouble
    assert run.returncode == 1
    assert "the disk is full" in said
    assert [r.status for r in mirror.requests("/postgresql-15_")].count(503) >= 2

    said = provisioned(m, *options).said
    assert "port 5432 belongs to PostgreSQL cluster 13/main, which stays as it is: ours is 5433" in said
    facts.assert_provisioned(m, 15, port=5433)
    assert ":5433/" in facts.registry(m)["local"]["databaseUrl"]
    assert provisioned(m, *options).changes == 0
    assert facts.sql(m, "SELECT count(*) FROM orders", "postgres") == ["1000"]
    assert facts.sql(m, "SHOW server_version", "postgres")[0].startswith("13.")
    assert facts.look(m, UNTOUCHED) == before


@pytest.mark.parametrize("silent", [True, False])
def test_without_names_nothing_is_begun(machine: Machines, fault, silent: bool):
    m = machine("debian12", index=False)  # the bed's own names need no name server
    with fault.nodns(m, silent=silent):
        assert_fails(m, "can be had from nowhere")
    assert m.run("test -e /etc/memory-mcp -o -e /usr/bin/psql").returncode == 1


def test_names_that_no_longer_resolve_are_named_and_so_is_a_disk_that_fills_up_while_python_compiles(
    machine: Machines, mirror, fault
):
    m = machine("debian12", before="Cluster", index=False)  # the names of the real index
    with running(m, "Cluster", 0.0) as run, fault.nodns(m, silent=False):
        said = rest(run)
        assert run.returncode == 1
        assert "cannot resolve names" in said
    mirror.publish(wheels.index())
    index = ("--data", f"python_index_url={wheels.URL}")  # takes half of the time that the real one takes
    with running(m, "Cluster", 0.0, *index, sight=" -m compileall ") as run, fault.full(m):
        said = rest(run)
        assert run.returncode == 1
        assert "the disk is full" in said
    provisioned(m, *index)
    facts.assert_provisioned(m, 15)


def test_a_postgresql_that_is_killed_during_the_smoke_test(machine: Machines):
    m = machine("debian12", before="Configuration")
    with running(m, "Smoke test", 0.0, sight="^postgres: .*memory_user memory_default") as run:
        m.run("pkill -KILL -u postgres")
        said = rest(run)
    assert run.returncode == 1, said
    assert "The smoke test failed at the step" in said
    assert "fix: " in said
    assert "Traceback" not in said
    assert "cluster 15/main started" in provisioned(m).said
    facts.assert_provisioned(m, 15)
    assert provisioned(m).changes == 0


NOTED = "sed -i '/^Package: %s$/,/^Status:/ s/^Status: .*/Status: install %s/' /var/lib/dpkg/status; "
TORN = {
    "a package to be unpacked again, and one that is missing": (
        NOTED % ("python3-venv", "reinstreq unpacked") + "dpkg --remove --force-depends libxslt1.1"
    ),
    "a package that is half installed, and what it needs is missing": (
        NOTED % ("postgresql-15", "reinstreq half-installed") + "dpkg --remove --force-depends libxslt1.1"
    ),
    "bytecode that ends too early": (
        NOTED % ("python3.11-minimal", "ok half-configured")
        + "truncate -s 9999 /usr/lib/python3.11/__pycache__/traceback.cpython-311.pyc"
    ),
}


def test_what_a_full_disk_can_leave_of_packages_is_completed(machine: Machines):
    """It leaves these rarely (dpkg could not note how far it came, Python not write a file), so by hand."""
    m = machine("debian12", provisioned=True)
    for what, damage in TORN.items():
        facts.look(m, damage)
        assert m.run("dpkg --configure -a && apt-get check").returncode != 0, f"{what}: dpkg can help itself"
        run = provisioned(m)
        assert "interrupted installation of packages completed" in run.said, what
        assert facts.look(m, "dpkg --audit; dpkg -l | grep '^[a-z][^ ]* *libxslt1.1'").startswith("ii"), what
        assert facts.look(m, "apt-get check && python3 -c 'import traceback'"), what
        assert run.changes == 1, what
    assert provisioned(m).changes == 0
