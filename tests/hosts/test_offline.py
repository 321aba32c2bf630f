"""A bundle made on a connected machine provisions one whose network is cut (docs/offline.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import facts
from tests.hosts.bed import fault as faults
from tests.hosts.bed.machine import Machine
from tests.hosts.bed.mirror import Mirror
from tests.hosts.conftest import Machines
from tests.hosts.provision import Run, as_printed, dry, provision, provisioned, running

pytestmark = pytest.mark.hosts("all")
PAGE = "docs/offline.md"
PYTHON = {
    "debian12": "apt-get -qq update && apt-get -qq install -y --no-install-recommends python3-venv",
    "el9": "dnf -q -y install python3.12",
}


class Made:
    """A connected machine, its bundle, and what there was besides before and after."""

    def __init__(self, machine: Machine, file: Path, *options: str) -> None:
        self.machine, self.file, self.options = machine, file, options
        assert machine.run(PYTHON[machine.made.image]).returncode == 0
        self.before = _state(machine)
        self.said = self.make()
        self.after = _state(machine)

    def make(self) -> str:
        done = as_printed(
            PAGE, "bundle.tar", self.file, "bundle_file", self.machine.inventory("ops"), *self.options
        )
        assert done.returncode == 0, done.stderr
        return done.stderr


def _state(machine: Machine) -> str:
    """Packages, and every file outside the cache, with its size; logs and the managers' own notes aside."""
    return machine.run(
        "dpkg-query -W 2>/dev/null; rpm -qa 2>/dev/null | sort; find / -xdev -type f "
        "-not -path '/proc/*' -not -path '/sys/*' -not -path '/run/*' -not -path '/var/log/*' "
        "-not -path '/var/cache/memory-mcp/*' -not -path '/var/lib/systemd/*' -not -path '*/.ssh/*' "
        r"-not -path '/var/lib/sudo/*' -not -name 'rpmdb.sqlite*' -printf '%p %s\n' | sort"
    ).stdout


@pytest.fixture(scope="module")
def debian(shared_machine: Machines, tmp_path_factory: pytest.TempPathFactory) -> Made:
    connected = shared_machine("debian12", disk="6g", index=False)  # a bundle holds the base packages, too
    return Made(connected, tmp_path_factory.mktemp("debian") / "bundle.tar")


@pytest.fixture(scope="module")
def offline(shared_machine: Machines, debian: Made) -> Iterator[tuple[Machine, Run]]:
    """A bare machine without a way out; a first run was cut off while the bundle went up."""
    assert debian.file.exists()
    machine = shared_machine("debian12", disk="6g", index=False)
    option = ("--data", f"offline_bundle={debian.file}")
    with faults.offline(machine):
        with running(machine, "Bundle", 0.2, *option):
            pass
        yield machine, provision(machine.inventory("ops"), *option)


def test_the_connected_machine_changes_in_nothing_but_its_cache(debian: Made):
    assert debian.after == debian.before
    assert "bundle made of postgresql-15" in debian.said


def test_a_second_bundle_would_be_the_same_so_nothing_changes(debian: Made):
    first = debian.file.stat()
    assert debian.make().count("No changes") == 2
    assert (debian.file.stat().st_ino, debian.file.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)


def test_the_machine_without_a_network_keeps_the_contract(offline: tuple[Machine, Run]):
    machine, run = offline
    assert run.returncode == 0, run.said
    assert "PostgreSQL 15 (bundle)" in run.said
    assert machine.run("ip route get 192.0.2.1").returncode != 0
    facts.assert_provisioned(machine, 15)


def test_nothing_of_the_torn_upload_is_left(offline: tuple[Machine, Run]):
    machine, _ = offline
    assert len(machine.run("ls /var/cache/memory-mcp/bundles").stdout.split()) == 1


def test_its_own_package_sources_stay_as_they_were(offline: tuple[Machine, Run]):
    machine, _ = offline
    assert (
        machine.run("find /etc/apt/sources.list* /var/lib/apt/lists -newer /etc/hostname -type f").stdout == ""
    )


def test_a_second_run_changes_nothing_as_the_page_prints_it(offline: tuple[Machine, Run], debian: Made):
    machine, _ = offline
    done = as_printed(PAGE, "bundle.tar", debian.file, "offline_bundle", machine.inventory("ops"))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("No changes") == 10
    assert provisioned(machine, "--data", f"offline_bundle={debian.file}").changes == 0


def test_a_bundle_of_another_release_is_refused_by_name(machine: Machines, debian: Made):
    other = machine("debian13")
    run = provision(other.inventory(), "--data", f"offline_bundle={debian.file}")
    assert run.returncode == 1
    assert "debian-12-x86_64, this machine is debian-13-x86_64" in run.said
    assert "release 12 instead of 13" in run.said
    assert other.run("test -e /var/cache/memory-mcp").returncode == 1


def test_a_dry_run_says_what_would_be_done_and_sends_nothing(machine: Machines, debian: Made):
    m = machine("debian12")
    done = dry(m.inventory(), "--data", f"offline_bundle={debian.file}")
    assert done.returncode == 0, done.stderr
    for words in (f"would be: bundle {debian.file}", "would be: packages installed: postgresql-15"):
        assert words in done.stderr
    assert m.run("test -e /var/cache/memory-mcp").returncode == 1


def test_a_damaged_bundle_is_refused_before_anything_is_done(machine: Machines, debian: Made, tmp_path: Path):
    damaged = tmp_path / "damaged.tar"
    text = bytearray(debian.file.read_bytes())
    text[len(text) // 2] ^= 1
    damaged.write_bytes(text)
    m = machine("debian12")
    run = provision(m.inventory(), "--data", f"offline_bundle={damaged}")
    assert run.returncode == 1
    assert "is damaged" in run.said
    assert "fix: copy it again" in run.said
    assert m.run("test -e /var/cache/memory-mcp").returncode == 1


def test_a_full_disk_is_told_and_no_pieces_are_left(machine: Machines, debian: Made):
    m = machine("debian12")
    bundles = "/var/cache/memory-mcp/bundles"
    assert m.run(f"mkdir -p {bundles} && mount -t tmpfs -o size=50m small {bundles}").returncode == 0
    run = provision(m.inventory(), "--data", f"offline_bundle={debian.file}")
    assert run.returncode == 1
    assert "cannot be unpacked" in run.said
    assert "fix: free some space" in run.said
    assert m.run(f"ls -A {bundles}").stdout == ""


def test_a_machine_without_the_python_of_the_others_is_told_what_to_install(machine: Machines, tmp_path: Path):
    m = machine("debian12")
    done = as_printed(PAGE, "bundle.tar", tmp_path / "b.tar", "bundle_file", m.inventory())
    assert done.returncode == 1
    assert "fix: install it there: apt install python3 python3-venv" in done.stderr


def test_el9_with_pgdg(machine: Machines, mirror: Mirror, tmp_path: Path):
    connected = machine("el9", pgdg=True, disk="6g")
    made = Made(connected, tmp_path / "bundle.tar", "--data", f"pgdg_yum_key={mirror.rpm_key}")
    assert made.after == made.before
    bare = machine("el9")
    option = ("--data", f"offline_bundle={made.file}")
    with faults.offline(bare):
        run = provisioned(bare, *option, user="ops")
        assert "PostgreSQL 15 (bundle)" in run.said
        facts.assert_provisioned(bare, 15)
        assert provisioned(bare, *option).changes == 0
    assert bare.run("rpm -V postgresql15-server pgvector_15; ls /etc/yum.repos.d").stdout == "rocky.repo\n"
    assert made.make().count("No changes") == 3
