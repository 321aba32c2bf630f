"""A run whose controller dies, in whatever step, is finished by the next one."""

from __future__ import annotations

import pytest

from tests.hosts import facts
from tests.hosts.conftest import Machines
from tests.hosts.provision import cut_off, provisioned

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


def test_the_controller_dies_in_every_step(machine: Machines):
    m = machine("debian12", disk="4g")
    for step in STEPS:
        cut_off(m, step, 0.3, "controller")
    provisioned(m)
    facts.assert_provisioned(m, 15)
    assert provisioned(m).changes == 0
