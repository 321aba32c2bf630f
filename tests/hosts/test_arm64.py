"""The main job on another processor: Debian 12 for arm64, its programs emulated one by one (emulator.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts import facts
from tests.hosts.bed import emulator
from tests.hosts.bed.image import ARM64
from tests.hosts.conftest import Machines
from tests.hosts.provision import dry, provisioned
from tests.needs import missing

pytestmark = pytest.mark.hosts("arm64")


@pytest.fixture
def emulation(lab: object) -> Iterator[None]:
    if reason := emulator.lacking():
        missing(reason)
    with emulator.arm64():
        yield


@pytest.mark.usefixtures("emulation")
def test_debian_12_on_arm64_without_systemd(machine: Machines):
    m = machine(ARM64, disk="4g", systemd=False)
    assert m.run("uname -m; dpkg --print-architecture").stdout.split() == ["aarch64", "arm64"]
    said = provisioned(m).said
    assert "pgvector compiled for this server" in said
    facts.assert_provisioned(m, 15, systemd=False)
    assert (
        "ARM aarch64"
        in m.run("apt-get -qq install file >/dev/null; file -L $(pg_config --pkglibdir)/vector.so").stdout
    )
    assert provisioned(m).changes == 0
    again = dry(m.inventory())
    assert again.returncode == 0, again.stderr
    assert "would be:" not in again.stderr
