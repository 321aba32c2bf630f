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


def test_beside_another_cluster_a_free_port_is_chosen_and_reported():
    others = (replace(MAIN, major=13, name="old"), replace(MAIN, major=14, port=5433, status="down"))
    plan = make_plan(replace(BARE, clusters=others, listening=frozenset({5432})), DEFAULT)
    assert plan.port == 5434
    assert "13/old" in plan.warnings[0] and "5434" in plan.warnings[0]


def test_a_port_that_was_asked_for_and_that_another_cluster_holds_is_refused_by_its_name():
    other = replace(MAIN, major=13, name="old")
    error = refused(replace(BARE, clusters=(other,), listening=frozenset({5432})), Settings(postgres_port=5432))
    assert "13/old" in error.seen


def test_another_version_is_installed_beside_the_one_that_is_there():
    there = replace(BARE, servers=(PG15,), clusters=(MAIN,), listening=frozenset({5432}))
    plan = make_plan(there, Settings(postgres_version=17))
    assert (plan.source, plan.major, plan.port) == ("pgdg", 17, 5433)


def test_the_distributions_own_version_does_when_none_or_just_that_one_is_asked_for():
    bookworm = replace(BARE, reach=NO_PGDG)
    assert make_plan(bookworm, Settings(postgres_version=15)).source == "distribution"
    refused(bookworm, Settings(postgres_version=16))


def test_a_release_that_pgdg_moved_is_taken_from_its_archive_and_said():
    moved = replace(BARE, reach=(("pgdg", "no 404"), ("archive", "yes"), ("distribution", "yes")))
    plan = make_plan(moved, DEFAULT)
    assert (plan.source, plan.archive) == ("pgdg", True)
    assert "archive" in plan.warnings[0]
    both = replace(BARE, reach=(("pgdg", "yes"), ("archive", "yes")))
    assert not make_plan(both, DEFAULT).archive


def test_an_end_of_life_is_said_and_does_not_stop_anything_else():
    old = replace(BARE, os_version="11", os_name="Debian GNU/Linux 11 (bullseye)", os_codename="bullseye")
    plan = make_plan(old, Settings(server_python="/opt/python/bin/python3"))
    assert "August 2026" in plan.warnings[0]
    assert plan.python == "/opt/python/bin/python3"
    assert "server_python" in refused(old).fix


def test_a_cluster_that_is_down_may_not_start_on_a_taken_port():
    there = replace(
        BARE, servers=(PG15,), clusters=(replace(MAIN, status="down"),), listening=frozenset({5432})
    )
    assert "5432" in refused(there).seen


def test_another_system_is_refused_by_name():
    error = refused(replace(BARE, os_id="alpine", os_name="Alpine Linux v3.20"))
    assert "Alpine" in error.seen
    assert "debian 11, 12, 13" in error.why


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


def test_a_user_without_rights_is_refused_where_there_is_a_server_and_one_with_sudo_is_not():
    user = replace(BARE, uid=1000, user="ops", servers=(PG15,))
    error = refused(user)
    assert "'ops'" in error.seen
    assert "postgres_source=embedded" in error.fix
    assert make_plan(replace(user, sudo=True), DEFAULT).sudo


def test_an_explicit_source_is_obeyed_without_asking_the_network():
    unreached = replace(BARE, reach=())
    assert make_plan(unreached, Settings(postgres_source="pgdg")).source == "pgdg"
    assert make_plan(unreached, Settings(postgres_source="distribution")).source == "distribution"


EL9 = replace(
    BARE,
    os_id="rocky",
    os_like="rhel centos fedora",
    os_version="9.6",
    os_name="Rocky Linux 9.6",
    os_codename="",
    architecture="x86_64",
    pythons=(Python("/usr/bin/python3", (3, 9)),),
    selinux="Enforcing",
)


def test_the_rhel_family_takes_pgdgs_packages_and_a_python_beside_its_own():
    plan = make_plan(EL9, DEFAULT)
    assert (plan.source, plan.bindir, plan.unit) == ("pgdg", "/usr/pgsql-15/bin", "postgresql-15")
    assert (plan.python, plan.python_package) == ("/usr/bin/python3.12", "python3.12")
    assert plan.yum == ("rhel", "redhat/rhel-9-x86_64")
    assert plan.enforcing


def test_releases_of_the_rhel_family_that_are_not_known_are_refused_by_name():
    assert "7.9" in refused(replace(EL9, os_id="centos", os_version="7", os_name="CentOS 7.9")).seen


def test_el10_and_fedora_use_their_own_python():
    assert make_plan(replace(EL9, os_version="10.0", pythons=()), DEFAULT).python == "/usr/bin/python3"
    fedora = replace(
        EL9, os_id="fedora", os_like="", os_version="42", pythons=(Python("/usr/bin/python3", (3, 13)),)
    )
    plan = make_plan(fedora, DEFAULT)
    assert (plan.python, plan.python_package, plan.yum[1]) == (
        "/usr/bin/python3",
        None,
        "fedora/fedora-42-x86_64",
    )


def test_amazon_linux_takes_its_own_packages():
    amazon = replace(EL9, os_id="amzn", os_like="fedora", os_version="2023", os_name="Amazon Linux 2023")
    amazon = replace(amazon, reach=(("pgdg", "no it has no packages"), ("distribution", "yes")))
    plan = make_plan(amazon, DEFAULT)
    assert (plan.source, plan.major, plan.bindir, plan.unit) == ("distribution", 15, "/usr/bin", "postgresql")
    assert plan.python == "/usr/bin/python3.11"
    newest = make_plan(amazon, replace(DEFAULT, postgres_version=18))
    assert (newest.source, newest.major) == ("distribution", 18)
    assert "its own version: 15, 16, 17, 18" in refused(amazon, replace(DEFAULT, postgres_version=19)).seen


def test_a_server_of_appstream_that_is_there_is_used_where_it_is():
    there = replace(EL9, servers=(ServerProgram("16.4", "/usr/bin"),))
    plan = make_plan(there, DEFAULT)
    assert (plan.source, plan.major, plan.unit, plan.fill(plan.platform.data)) == (
        "existing", 16, "postgresql", "/var/lib/pgsql/data",
    )  # fmt: skip


def test_a_mirror_of_the_right_kind_is_named_when_nothing_can_be_reached():
    assert "pgdg_yum_url" in refused(replace(EL9, reach=(("pgdg", "no answer"),))).fix
