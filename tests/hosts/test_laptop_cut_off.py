"""A user without root whose run is cut off, or who lacks what only root can install."""

from __future__ import annotations

import pytest

from tests.hosts.conftest import Machines
from tests.hosts.laptop import INSTALL, USER, assert_whole, furnished
from tests.hosts.provision import cut_off, provision, provisioned

pytestmark = pytest.mark.hosts("all")


def test_interrupted_again_and_again_the_next_run_finishes_it(machine: Machines):
    m = furnished(machine("debian12", disk="4g"))
    for step, by in (("Cluster", "controller"), ("Cluster", "power"), ("Server", "power")):
        cut_off(m, step, 1.5, by, user=USER)
    provisioned(m, user=USER)
    assert_whole(m)
    assert provisioned(m, user=USER).changes == 0


def test_what_only_root_can_install_is_named(machine: Machines):
    m = machine("debian12")
    m.run(f"useradd -m {USER}; cp -r ~ops/.ssh ~{USER}/; chown -R {USER}: ~{USER}/.ssh")
    bare = provision(m.inventory(USER))
    assert bare.returncode != 0
    assert "let an administrator install it (Debian: apt-get install python3 python3-venv)" in bare.said
    m.run(f"apt-get update -qq; {INSTALL} python3")
    half = provision(m.inventory(USER))
    assert half.returncode != 0
    assert "let an administrator install it (Debian: python3-venv)" in half.said
