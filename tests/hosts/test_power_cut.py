"""A machine that loses its power at any point of a run is finished by the next run."""

from __future__ import annotations

import pytest

from tests.hosts import facts
from tests.hosts.conftest import Machines
from tests.hosts.provision import cut_off, provisioned

pytestmark = pytest.mark.hosts("all")


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
