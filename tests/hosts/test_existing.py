"""A PostgreSQL that is there already: used, not replaced, and what else it serves is left as it is.

An older one beside ours is in test_faults.py.
"""

from __future__ import annotations

import pytest

from tests.hosts import facts
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import provision, provisioned

pytestmark = pytest.mark.hosts("all")

GUIDE = """\
CREATE DATABASE memory_default;
CREATE USER memory_user WITH PASSWORD 'secure_password';
GRANT ALL PRIVILEGES ON DATABASE memory_default TO memory_user;
CREATE DATABASE shop;
"""


@pytest.fixture(scope="module")
def by_hand(shared_machine: Machines) -> Machine:
    """A machine on which somebody followed the guide, beside a database of another application."""
    m = shared_machine("debian12", before="Cluster")  # with Debian's packages
    facts.sql(m, GUIDE, "postgres")
    facts.sql(m, "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id", "shop")
    m.run("echo \"listen_addresses = '*'\" > /etc/postgresql/15/main/conf.d/shop.conf")
    m.run("systemctl restart postgresql@15-main")
    return m


def test_a_role_that_somebody_else_made_is_not_touched(by_hand: Machine):
    before = facts.sql(by_hand, "SELECT rolpassword FROM pg_authid WHERE rolname = 'memory_user'")
    run = provision(by_hand.inventory())
    assert run.returncode == 1
    assert "role memory_user exists already and was not made by this toolkit" in run.said
    assert "adopt=true" in run.said
    assert facts.sql(by_hand, "SELECT rolpassword FROM pg_authid WHERE rolname = 'memory_user'") == before


def test_with_its_password_the_role_is_used_but_the_database_needs_its_owner(by_hand: Machine):
    run = provision(by_hand.inventory(), env={"MEMORY_DATABASE_PASSWORD": "secure_password"})
    assert run.returncode == 1
    assert "database memory_default belongs to postgres" in run.said


def test_taken_over_on_request_while_the_other_application_keeps_all(by_hand: Machine):
    run = provisioned(by_hand, "--data", "adopt=true", "--data", "seed=true")
    assert "listens on *" in run.said
    assert "its settings are left alone: it also serves shop" in run.said
    assert facts.sql(by_hand, "SELECT count(*) FROM orders", "shop") == ["1000"]
    assert facts.sql(by_hand, "SHOW listen_addresses", "postgres") == ["*"]
    assert by_hand.run("test ! -e /etc/postgresql/15/main/conf.d/memory-mcp.conf").returncode == 0
    facts.assert_files(by_hand.testinfra())
    facts.assert_usable(by_hand)
    assert facts.sql(by_hand, "SELECT count(*) FROM memory_indexes WHERE project = 'test'") == ["3"]
    assert provisioned(by_hand, "--data", "seed=true").changes == 0


def test_a_cluster_of_our_own_moves_to_the_port_that_is_asked_for_and_its_extension_follows_a_newer_package(
    machine: Machines,
):
    m, elsewhere = machine("debian12", provisioned=True), ("--data", "postgres_port=5544")
    m.run(
        "cd /usr/share/postgresql/15/extension && touch vector--0.8.0--0.8.99.sql && "
        "sed -i s/0.8.0/0.8.99/ vector.control"
    )
    run = provisioned(m, *elsewhere)
    assert "restarted for port" in run.said
    assert "extension vector 0.8.0 → 0.8.99" in run.said
    assert "CVE-2026-3172" not in run.said
    assert facts.sql(m, "SHOW port", "postgres", 5544) == ["5544"]
    version = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    assert facts.sql(m, version, port=5544) == ["0.8.99"]
    assert ":5544/" in facts.registry(m)["local"]["databaseUrl"]
    assert provisioned(m, *elsewhere).changes == 0
    assert provisioned(m).changes == 0  # unset means the cluster's own
