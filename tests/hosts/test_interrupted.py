"""A run that is cut off anywhere is finished by the next one."""

from __future__ import annotations

import pytest

from tests.hosts import facts
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import provisioned, running

pytestmark = pytest.mark.hosts("all")

STEPS = (
    "Packages",
    "pgvector",
    "Cluster",
    "Database and role",
    "Server",
    "Configuration",
    "Schema",
    "Smoke test",
)


def cut_off(machine: Machine, step: str, after: float, by: str) -> None:
    """Start a run, and some time after `step` has begun kill the controller, or take the machine's power."""
    with running(machine, step, after) as run:
        if by == "power":
            machine.power_cut()
        run.kill()
    if by == "power":
        machine.start()


def test_the_controller_dies_in_every_step(machine: Machines):
    m = machine("debian12", disk="4g")
    for step in STEPS:
        cut_off(m, step, 0.3, "controller")
    provisioned(m)
    facts.assert_provisioned(m, 15)
    assert provisioned(m).changes == 0


@pytest.mark.parametrize(
    ("step", "after"),
    [
        ("Packages", 4.0),  # downloading
        ("Packages", 9.0),  # unpacking
        ("Packages", 14.0),  # configuring, initdb
        ("pgvector", 1.5),
        ("Database and role", 0.25),
        ("Server", 6.0),
        ("Configuration", 0.1),
        ("Schema", 0.5),
    ],
)
def test_the_power_fails(machine: Machines, step: str, after: float):
    m = machine("debian12", disk="4g")
    cut_off(m, step, after, "power")
    provisioned(m)
    facts.assert_provisioned(m, 15)
    assert provisioned(m).changes == 0
