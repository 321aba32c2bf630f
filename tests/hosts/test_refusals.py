"""What cannot work is refused before anything is changed: what was seen, why, and the line that mends it."""

from __future__ import annotations

import pytest

from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import dry, provision

# A program that listens on PostgreSQL's port, made of nothing but systemd
TAKEN = {
    "/etc/systemd/system/taken.socket": "[Socket]\nListenStream=127.0.0.1:5432\nAccept=yes\n",
    "/etc/systemd/system/taken@.service": "[Service]\nExecStart=/bin/true\n",
}


@pytest.fixture(scope="module")
def bare(shared_machine: Machines) -> Machine:
    return shared_machine("debian12", files=TAKEN, disk="900m")


def untouched(machine: Machine) -> bool:
    return (
        machine.run("test ! -e /etc/memory-mcp -a ! -e /opt/memory-mcp -a ! -e /usr/bin/psql").returncode == 0
    )


def assert_refused(machine: Machine, *options: str, user: str = "root") -> str:
    """One message with its cause and its cure, in a run and in a dry run; exit 1; nothing changed."""
    said = ""
    for run in (provision, dry):
        done = run(machine.inventory(user), *options)
        said = getattr(done, "said", "") or getattr(done, "stderr", "")
        assert done.returncode == 1, said
        assert "why: " in said
        assert "fix: " in said
        assert "Traceback" not in said
        assert untouched(machine)
    return said


def test_too_little_disk(bare: Machine):
    assert "MiB are free" in assert_refused(bare)


def test_a_taken_port(machine: Machines):
    taken = machine("debian12", files=TAKEN)
    assert taken.run("systemctl start taken.socket").returncode == 0
    said = assert_refused(taken)
    assert "port 5432 on localhost is taken by another program" in said
    assert "postgres_port=5433" in said


def test_a_user_without_rights(machine: Machines):
    m = machine("debian12")
    m.run("useradd -m plain && cp -r /root/.ssh /home/plain/ && chown -R plain: /home/plain/.ssh")
    assert "'plain' is not root" in assert_refused(m, "--data", "postgres_source=distribution", user="plain")


def test_an_unsupported_system(machine: Machines):
    m = machine(
        "debian12", files={"/etc/os-release": 'ID=alpine\nVERSION_ID=3.20\nPRETTY_NAME="Alpine Linux v3.20"\n'}
    )
    assert "Alpine Linux v3.20" in assert_refused(m)


@pytest.mark.hosts("all")
@pytest.mark.parametrize(("image", "seen"), [("debian11", "bullseye"), ("sid", "can be had from nowhere")])
def test_a_release_that_is_not_supported(machine: Machines, image: str, seen: str):
    assert seen in assert_refused(machine(image))


def test_no_package_source(machine: Machines):
    m = machine("debian12", files={"/etc/apt/sources.list": ""})
    said = assert_refused(m)
    assert "can be had from nowhere" in said
    assert "pgdg_apt_url" in said


def test_a_misspelt_setting(machine: Machines):
    said = assert_refused(machine("debian12"), "--data", "postgres_verson=16")
    assert "did you mean 'postgres_version'" in said
