"""Machines of RPM distributions: the guide's PGDG steps work on them, and their traps are there."""

from __future__ import annotations

import pytest

from tests.hosts.bed import el
from tests.hosts.bed.machine import Machine
from tests.hosts.bed.mirror import Mirror
from tests.hosts.conftest import Machines

pytestmark = pytest.mark.hosts("all")
REPOSITORY = "https://download.postgresql.org/pub/repos/yum/reporpms/{}/pgdg-redhat-repo-latest.noarch.rpm"


@pytest.fixture(scope="module", params=el.of_pgdg())
def m(request: pytest.FixtureRequest, shared_machine: Machines) -> Machine:
    """One machine of each distribution that the tests below use one after the other."""
    return shared_machine(request.param, pgdg=True)


def release(m: Machine) -> el.Release:
    return el.RELEASES[m.made.image]


def test_machine_is_that_distribution_and_nothing_else(m: Machine) -> None:
    assert m.run("systemctl is-system-running --wait").stdout == "running\n"
    said = m.run(". /etc/os-release; echo $ID $VERSION_ID; rpm -E '%{dist}'")
    dist = release(m).dist.replace(".fc", ".f")
    assert said.stdout.split() == [release(m).id, release(m).version, dist]
    assert m.run("command -v apt-get dpkg psql gcc || test -e /etc/debian_version").returncode == 1
    assert m.ssh("sudo -n rpm -q rpm dnf", user="ops").returncode == 0


def test_own_python_is_as_old_as_there(m: Machine) -> None:
    asked = m.run("/usr/bin/python3 -c 'import sys; print(sys.version_info >= (3, 10))'")
    if m.made.image == "el8":
        assert asked.returncode == 127
    else:
        assert asked.stdout == ("False\n" if m.made.image == "el9" else "True\n")


def test_modules_exist_where_they_do(m: Machine) -> None:
    modules = m.run("dnf -q module list postgresql 2>/dev/null").stdout
    assert ("postgresql" in modules) == release(m).modular
    assert ("15 [d]" in modules) == (m.made.image == "el8")


def test_pgdg_repository_installs_from_its_url_and_is_verified(m: Machine, mirror: Mirror) -> None:
    r = release(m)
    short = f"{'F' if r.id == 'fedora' else 'EL'}-{r.major}-x86_64"
    assert m.run(f"dnf install -y -q {REPOSITORY.format(short)}").returncode == 0
    assert m.run("dnf -y -q makecache").returncode == 0
    assert mirror.requests(r"/15/.*/repodata/repomd\.xml\.asc")


def test_disabling_the_module_works_where_there_is_one(m: Machine) -> None:
    hidden = m.run("dnf -q list --available postgresql15-server").returncode != 0
    assert hidden == (m.made.image == "el8"), "EL8's default stream hides PGDG's packages"
    assert (m.run("dnf -qy module disable postgresql").returncode == 0) == release(m).modular


def test_name_that_the_guide_gives_pgvector_does_not_exist(m: Machine) -> None:
    assert m.run("dnf -q install -y postgresql15-pgvector").returncode == 1
