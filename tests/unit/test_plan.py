from __future__ import annotations

from dataclasses import replace

import pytest

from memory_provision.machine import Cluster, Machine, Python, ServerProgram
from memory_provision.plan import NEEDED_KIB, PreflightError, make_plan
from memory_provision.settings import Settings

BARE = Machine(
    os_id="debian",
    os_version="12",
    os_name="Debian GNU/Linux 12",
    os_codename="bookworm",
    kernel="Linux",
    uid=0,
    user="root",
    init="systemd",
    free=(("/etc", 5 * NEEDED_KIB),),
    reach=(("pgdg", "yes"), ("distribution", "yes")),
)
DEFAULT = Settings()
NO_PGDG = (("pgdg", "no Could not resolve"), ("distribution", "yes"))
PG15 = ServerProgram("15.18", "/usr/lib/postgresql/15/bin")
MAIN = Cluster(15, "main", 5432, "online", "postgres", "/var/lib/postgresql/15/main")


def refused(machine: Machine, settings: Settings = DEFAULT) -> PreflightError:
    with pytest.raises(PreflightError) as caught:
        make_plan(machine, settings)
    error = caught.value
    assert error.seen and error.why and error.fix
    return error


def test_a_bare_machine_takes_pgdg_when_it_can_be_reached():
    plan = make_plan(BARE, DEFAULT)
    assert (plan.source, plan.major, plan.port) == ("pgdg", 15, 5432)
    assert plan.unit == "postgresql@15-main"
    assert plan.bindir == "/usr/lib/postgresql/15/bin"


def test_without_pgdg_the_distribution_is_enough_when_its_version_is():
    assert make_plan(replace(BARE, reach=NO_PGDG), DEFAULT).source == "distribution"
    trixie = replace(BARE, os_version="13", os_codename="trixie", reach=NO_PGDG)
    assert make_plan(trixie, DEFAULT).major == 17


def test_a_distribution_with_an_older_postgresql_and_no_pgdg_is_refused_with_the_choices():
    jammy = replace(BARE, os_id="ubuntu", os_version="22.04", os_codename="jammy", reach=NO_PGDG)
    error = refused(jammy)
    assert "pgdg_apt_url" in error.fix
    assert "Could not resolve" in error.seen


def test_a_server_that_is_there_is_used_even_when_its_version_is_not_the_preferred_one():
    there = replace(BARE, servers=(ServerProgram("17.2", "/usr/lib/postgresql/17/bin"),), reach=())
    plan = make_plan(there, DEFAULT)
    assert (plan.source, plan.major) == ("existing", 17)


def test_the_preferred_version_wins_among_several_servers():
    both = replace(BARE, servers=(PG15, ServerProgram("17.2", "/usr/lib/postgresql/17/bin")))
    assert make_plan(both, DEFAULT).major == 15


def test_a_server_older_than_15_is_not_used():
    old = replace(BARE, servers=(ServerProgram("13.9", "/usr/lib/postgresql/13/bin"),))
    assert make_plan(old, DEFAULT).source == "pgdg"
    assert "13.9" in refused(old, Settings(postgres_source="existing")).seen


def test_the_port_of_the_cluster_that_is_there_is_kept():
    there = replace(BARE, servers=(PG15,), clusters=(replace(MAIN, port=5544),), listening=frozenset({5544}))
    assert make_plan(there, DEFAULT).port == 5544


def test_a_port_that_another_program_holds_is_refused_with_a_free_one():
    error = refused(replace(BARE, listening=frozenset({5432, 5433})))
    assert "another program" in error.seen
    assert "postgres_port=5434" in error.fix


def test_a_port_that_another_cluster_holds_is_refused_by_its_name():
    other = replace(MAIN, major=13, name="old")
    error = refused(replace(BARE, clusters=(other,), listening=frozenset({5432})))
    assert "13/old" in error.seen


def test_a_cluster_that_is_down_may_not_start_on_a_taken_port():
    there = replace(
        BARE, servers=(PG15,), clusters=(replace(MAIN, status="down"),), listening=frozenset({5432})
    )
    assert "5432" in refused(there).seen


def test_another_system_is_refused_by_name():
    error = refused(replace(BARE, os_id="alpine", os_name="Alpine Linux v3.20"))
    assert "Alpine" in error.seen
    assert "debian 12" in error.why


def test_a_release_that_is_too_old_is_refused():
    assert "buster" in refused(replace(BARE, os_version="10", os_name="Debian 10 (buster)")).seen


def test_a_python_that_is_too_old_is_refused_and_none_at_all_is_not():
    assert "3.9" in refused(replace(BARE, pythons=(Python("/usr/bin/python3", (3, 9)),))).seen
    both = (Python("/usr/bin/python3", (3, 9)), Python("/usr/bin/python3.11", (3, 11)))
    assert make_plan(replace(BARE, pythons=both), DEFAULT)


def test_too_little_disk_is_refused_with_the_place():
    error = refused(replace(BARE, free=(("/var/lib/postgresql", NEEDED_KIB - 1),)))
    assert "1023 MiB" in error.seen
    assert "/var/lib/postgresql" in error.seen


def test_a_machine_that_has_everything_needs_less():
    less = (("/var/lib/postgresql", NEEDED_KIB // 2),)
    assert make_plan(replace(BARE, free=less, provisioned=True), DEFAULT).major == 15
    refused(replace(BARE, free=(("/opt", 100 * 1024),), provisioned=True))


def test_a_user_without_rights_is_refused_and_one_with_sudo_is_not():
    user = replace(BARE, uid=1000, user="ops")
    assert "'ops'" in refused(user).seen
    assert make_plan(replace(user, sudo=True), DEFAULT).sudo


def test_an_explicit_source_is_obeyed_without_asking_the_network():
    unreached = replace(BARE, reach=())
    assert make_plan(unreached, Settings(postgres_source="pgdg")).source == "pgdg"
    assert make_plan(unreached, Settings(postgres_source="distribution")).source == "distribution"
