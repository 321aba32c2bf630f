"""deploys/upgrade_pgvector.py where there is nothing newer; test_five.py has the rest."""

from __future__ import annotations

import pytest

from tests.hosts.conftest import Machines
from tests.hosts.provision import provision

pytestmark = pytest.mark.hosts("all")


def test_compiled_files_stay_while_there_is_nothing_newer(machine: Machines):
    m = machine("debian12", provisioned=True)
    before = m.run("stat -c %Y /usr/lib/postgresql/15/lib/vector.so").stdout
    run = provision(m.inventory(), job="deploys/upgrade_pgvector.py")
    assert (run.returncode, run.changes) == (0, 0), run.said
    assert m.run("stat -c %Y /usr/lib/postgresql/15/lib/vector.so").stdout == before
