"""A PostgreSQL that is there already: used, not replaced, and what else it serves is left as it is."""

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


OLDER = """
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update && apt-get -qq install -y --no-install-recommends postgresql-13
"""
UNTOUCHED = "find /etc/postgresql/13 /usr/lib/postgresql/13 -type f -exec sha256sum {} + | sort"


def test_an_older_cluster_keeps_its_port_and_everything_else(machine: Machines, mirror):
    m, key = machine("debian12", pgdg=True), ("--data", f"pgdg_apt_key={mirror.apt_key}")
    made = m.run(OLDER)
    assert made.returncode == 0, made.stderr
    facts.sql(m, "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id", "postgres")
    before = m.run(UNTOUCHED).stdout
    said = provisioned(m, *key).said
    assert "port 5432 belongs to PostgreSQL cluster 13/main, which stays as it is: ours is 5433" in said
    assert facts.sql(m, "SELECT count(*) FROM orders", "postgres") == ["1000"]
    assert facts.sql(m, "SHOW server_version", "postgres")[0].startswith("13.")
    assert facts.sql(m, "SHOW server_version", "memory_default", 5433)[0].startswith("15.")
    assert m.run(UNTOUCHED).stdout == before
    assert ":5433/" in facts.registry(m)["local"]["databaseUrl"]
    assert provisioned(m, *key).changes == 0


def test_a_cluster_of_our_own_moves_to_the_port_that_is_asked_for(machine: Machines):
    m, elsewhere = machine("debian12", provisioned=True), ("--data", "postgres_port=5544")
    assert "restarted for port" in provisioned(m, *elsewhere).said
    assert facts.sql(m, "SHOW port", "postgres", 5544) == ["5544"]
    assert ":5544/" in facts.registry(m)["local"]["databaseUrl"]
    assert provisioned(m, *elsewhere).changes == 0
    assert provisioned(m).changes == 0  # unset means the cluster's own


def test_the_extension_follows_a_newer_package(machine: Machines):
    m = machine("debian12", provisioned=True)
    m.run(
        "cd /usr/share/postgresql/15/extension && touch vector--0.8.0--0.8.99.sql && "
        "sed -i s/0.8.0/0.8.99/ vector.control"
    )
    run = provisioned(m)
    assert "extension vector 0.8.0 → 0.8.99" in run.said
    assert facts.sql(m, "SELECT extversion FROM pg_extension WHERE extname = 'vector'") == ["0.8.99"]
    assert "CVE-2026-3172" not in run.said
    assert provisioned(m).changes == 0
