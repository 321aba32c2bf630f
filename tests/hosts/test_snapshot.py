"""Snapshots: machines that begin later are what a bare machine would have become, and are not one another."""

from __future__ import annotations

import pytest

from tests.hosts import facts, snapshot
from tests.hosts.bed.image import image
from tests.hosts.bed.lab import Lab
from tests.hosts.bed.mirror import Mirror
from tests.hosts.conftest import Machines
from tests.hosts.provision import provisioned

pytestmark = pytest.mark.hosts("all")


def test_provisioned_machine_keeps_the_contract_and_has_nothing_to_do(machine: Machines):
    m = machine("debian12", provisioned=True)
    facts.assert_provisioned(m, 15)
    assert provisioned(m).changes == 0


def test_machine_before_a_step_takes_this_step_and_those_after_it(machine: Machines):
    said = provisioned(machine("debian12", before="Configuration")).said
    assert "packages installed" not in said
    assert "pgvector compiled" not in said
    assert "projects.json written" in said
    assert "server used by a real MCP client" in said


def test_machines_of_one_snapshot_are_not_one_machine(machine: Machines):
    several = machine.several("debian12", 2, provisioned=True)
    for command in ("cat /etc/machine-id", "cat /etc/hostname", "cat /proc/sys/kernel/random/boot_id"):
        assert len({m.run(command).stdout for m in several}) == 2, command
    first, second = several
    facts.sql(first, "CREATE TABLE mine ()")
    first.run("rm /usr/local/bin/memory-mcp")
    assert facts.sql(second, "SELECT to_regclass('mine') IS NULL") == ["t"]
    facts.assert_usable(second)


def test_snapshot_is_of_the_image_and_holds_nobodys_name(lab: Lab, mirror: Mirror):
    layers = snapshot.layers(lab, mirror, "debian12", snapshot.END)
    assert len(layers) == len(snapshot.MOMENTS)
    assert not [layer for layer in layers if layer.startswith(str(image("debian12")))]
    for layer in layers:
        assert not [name for name in snapshot.OWN if snapshot.Path(layer, name).exists()]
        assert snapshot.Path(layer, "etc/machine-id").read_text() == ""


def test_unknown_moments_are_named(lab: Lab, mirror: Mirror):
    with pytest.raises(KeyError, match="there are pgvector"):
        snapshot.layers(lab, mirror, "debian12", "Summary")
