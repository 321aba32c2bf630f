"""The RHEL family's own traps: signatures and mirrors of yum, machines without systemd."""

from __future__ import annotations

import pytest

from tests.hosts import facts
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import dry, provisioned, running
from tests.hosts.test_faults import assert_fails, rest
from tests.hosts.test_matrix import assert_whole_life

pytestmark = pytest.mark.hosts("all")


@pytest.fixture(scope="module")
def m(shared_machine: Machines) -> Machine:
    """EL 9 without systemd, from bare."""
    return shared_machine("el9", pgdg=True, systemd=False)


def test_a_key_that_is_not_the_pinned_one_is_refused_by_its_fingerprint(m: Machine):
    said = assert_fails(m, "is not the pinned one")  # the mirror's own key, under PGDG's name
    assert "expected D4BF08AE67A0B4C7A1DBCCD240BCA2B408B40D20" in said
    assert "pgdg_yum_key=FILE" in said
    assert m.run("ls /etc/yum.repos.d/memory-mcp*").returncode != 0


def test_a_version_that_is_not_there_is_named_with_the_reason(m: Machine, mirror):
    key = ("--data", f"pgdg_yum_key={mirror.rpm_key}")
    said = assert_fails(m, "PostgreSQL 18 can be had from nowhere", *key, "--data", "postgres_version=18")
    assert "404" in said, "the mirror has no repository for it"
    assert_fails(m, "no repository of this machine has the package", *key, "--data", "postgres_version=16")
    assert m.run("rpm -qa 'postgresql*'").stdout == ""


def test_what_a_yum_mirror_can_do_wrong_is_told_apart_and_overcome(m: Machine, mirror):
    options = ("--data", f"pgdg_yum_key={mirror.rpm_key}")
    with mirror.fault(r"/keys/PGDG-RPM-GPG-KEY-RHEL$", status=503):
        assert_fails(m, "mirror answers with an error")
    # a key of another repository: well-formed, and not the one that signed this
    assert "pgdg_yum_key" in assert_fails(m, "another key", "--data", f"pgdg_yum_key={mirror.apt_key}")
    with mirror.fault(r"/postgresql15-server.*rpm$", corrupt=True):
        assert_fails(m, "not what the signed index says", *options)
    with mirror.fault(r"/postgresql15-server.*rpm$", status=503):
        assert_fails(m, "the mirror answers with an error", *options)
    with mirror.fault(r"/postgresql15-server.*rpm$", status=404):
        assert_fails(m, "does not have this file", *options)
    assert m.run("rpm -q postgresql15-server").returncode == 1, "nothing was installed by halves"
    with mirror.fault(r"/postgresql15-server.*rpm$", status=503, times=2):
        said = provisioned(m, *options).said
    assert "pg_ctl start -D /var/lib/pgsql/15/data (no systemd here)" in said
    facts.assert_provisioned(m, 15, systemd=False)
    assert provisioned(m, *options).changes == 0


def test_a_disk_that_fills_up_is_named(machine: Machines, mirror, fault):
    m = machine("el9", pgdg=True)
    options = ("--data", f"pgdg_yum_key={mirror.rpm_key}")
    slow = mirror.fault(r"/postgresql15-server.*rpm$", delay=3)
    with (
        slow,
        running(m, "Packages", 0.0, *options, sight="dnf -y .* install") as run,
        fault.full(m, free=10_000_000),
    ):
        said = rest(run)
    assert run.returncode == 1
    assert "the disk is full" in said
    assert m.run("rpm -q postgresql15-server").returncode == 1, "nothing was installed by halves"


def test_after_a_power_cut_the_next_run_starts_the_cluster_by_pg_ctl(m: Machine, mirror):
    m.power_cut()  # nothing starts a cluster at boot there
    m.start()
    said = provisioned(m, "--data", f"pgdg_yum_key={mirror.rpm_key}").said
    assert "cluster 15/main started" in said
    facts.assert_provisioned(m, 15, systemd=False)


def test_amazon_linux_has_its_own_postgresql_and_compiles_pgvector(machine: Machines):
    m = machine("amazon", github=True)
    planned = dry(m.inventory(), "--data", "postgres_version=17")
    assert "PostgreSQL 17 (distribution)" in planned.stderr, planned.stderr
    said = assert_whole_life(m, 15)
    assert "PostgreSQL 15 (distribution)" in said
    assert "packages installed: postgresql15-server postgresql15-contrib" in said
    assert "pgvector compiled for this server" in said
    assert m.run("ls /etc/yum.repos.d/memory-mcp*").returncode != 0, "PGDG has nothing for it"
