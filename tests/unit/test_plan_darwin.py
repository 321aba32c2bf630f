"""The plan for a Mac, from facts as machine_darwin.sh prints them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memory_provision import machine
from memory_provision.inputs import Inputs
from memory_provision.machine import Machine
from memory_provision.plan import PreflightError, make_plan
from memory_provision.plan_darwin import path_hint
from memory_provision.settings import Settings

# In the form that machine_darwin.sh gives them, of an M-series MacBook with Homebrew and nothing else.
BARE = """\
os_id\tdarwin
os_version\t15.5
os_name\tmacOS 15.5
kernel\tDarwin
architecture\tarm64
uid\t501
user\tann
home\t/Users/ann
shell\t/bin/zsh
sudo\tno
init\tlaunchd
tool\tcc
brew\t/opt/homebrew
free\t/opt/homebrew 209715200
free\t/Users/ann/.local/share/memory-mcp 209715200
port\t5000
port\t7000
"""
APP = """\
server\t17.5 /Applications/Postgres.app/Contents/Versions/17/bin
cluster\t17 main 5432 online ann /Users/ann/Library/Application Support/Postgres/var-17
port\t5432
"""
BREWED = """\
python\t/opt/homebrew/opt/python@3.12/bin/python3.12 3.12
server\t16.9 /opt/homebrew/opt/postgresql@16/bin
cluster\t16 main 5433 down ann /opt/homebrew/var/postgresql@16
"""


def mac(more: str = "") -> Machine:
    return machine.parse((BARE + more).splitlines())


def refused(of: Machine, settings: Settings | None = None) -> PreflightError:
    with pytest.raises(PreflightError) as caught:
        make_plan(of, settings or Settings())
    assert caught.value.seen and caught.value.why and caught.value.fix
    return caught.value


def test_a_mac_with_homebrew_gets_its_postgresql_by_absolute_path():
    plan = make_plan(mac(), Settings())
    assert (plan.source, plan.major, plan.port) == ("homebrew", 15, 5432)
    assert plan.bindir == "/opt/homebrew/opt/postgresql@15/bin"
    assert (plan.python, plan.python_package) == (
        "/opt/homebrew/opt/python@3.13/bin/python3.13",
        "python@3.13",
    )


def test_an_intel_mac_has_another_prefix():
    intel = replace(mac(), architecture="x86_64", brew="/usr/local", os_version="13.7")
    assert make_plan(intel, Settings()).bindir == "/usr/local/opt/postgresql@15/bin"


def test_it_is_done_as_the_user_and_in_its_home():
    plan = make_plan(replace(mac(), sudo=True), Settings())
    assert not plan.sudo
    assert plan.admin == {"socket": "/tmp", "user": None, "role": "ann"}
    assert plan.places.owner is None
    assert plan.places.config_dir == "/Users/ann/.config/memory-mcp"


def test_packages_are_asked_of_homebrew():
    inputs = Inputs(Settings(), make_plan(mac(), Settings()))
    given = inputs.packages()
    assert given["BREW"] == "/opt/homebrew/bin/brew"
    assert given["PACKAGES"] == "postgresql@15 python@3.13"
    assert given["BINDIR"] == "/opt/homebrew/opt/postgresql@15/bin"


def test_a_server_of_homebrew_that_is_there_is_used_with_its_port():
    plan = make_plan(mac(BREWED), Settings())
    assert (plan.source, plan.major, plan.port) == ("existing", 16, 5433)
    assert plan.python == "/opt/homebrew/opt/python@3.12/bin/python3.12"
    assert plan.python_package is None
    assert Inputs(Settings(), plan).packages()["PACKAGES"] == ""


def test_postgres_app_is_recognised_and_used_as_it_is():
    plan = make_plan(mac(APP), Settings())
    assert (plan.source, plan.major, plan.port) == ("existing", 17, 5432)
    assert plan.bindir == "/Applications/Postgres.app/Contents/Versions/17/bin"
    request = Inputs(Settings(), plan).cluster()
    assert (request["layout"], request["manage"]) == ("app", "never")
    assert request["data"] == "/Users/ann/Library/Application Support/Postgres/var-17"
    assert plan.service == "started by Postgres.app"


def test_beside_postgres_app_another_version_gets_the_next_port():
    plan = make_plan(mac(APP), Settings(postgres_version=15))
    assert (plan.source, plan.major, plan.port) == ("homebrew", 15, 5433)
    assert "17/main" in plan.warnings[0]


def test_a_port_of_another_program_is_refused():
    assert "5434" in refused(mac("port\t5432\nport\t5433\n"), Settings(postgres_port=5432)).fix


def test_root_is_refused():
    error = refused(replace(mac(), uid=0, user="root"))
    assert "Homebrew refuses root" in error.why
    assert "without sudo" in error.fix


def test_a_mac_without_homebrew_is_told_where_to_get_it():
    assert "brew.sh" in refused(replace(mac(), brew="")).fix


@pytest.mark.parametrize(("version", "architecture"), [("13.6", "arm64"), ("12.7", "x86_64")])
def test_a_macos_without_wheels_is_refused(version, architecture):
    old = replace(mac(), os_version=version, os_name=f"macOS {version}", architecture=architecture)
    assert version in refused(old).seen


@pytest.mark.parametrize("source", ["pgdg", "distribution"])
def test_sources_of_linux_are_refused_by_name(source):
    assert source in refused(mac(), Settings(postgres_source=source)).seen


def test_existing_only_installs_nothing():
    assert "existing" in refused(mac(), Settings(postgres_source="existing")).why


@pytest.mark.parametrize(
    ("shell", "hint"),
    [
        ("/bin/zsh", "echo 'export PATH=\"/a:/b:$PATH\"' >> ~/.zshrc"),
        ("/bin/bash", "echo 'export PATH=\"/a:/b:$PATH\"' >> ~/.bash_profile"),
        ("/opt/homebrew/bin/fish", "fish_add_path /a /b"),
        ("/bin/ksh", "echo 'export PATH=\"/a:/b:$PATH\"' >> ~/.profile"),
    ],
)
def test_the_hint_for_path_is_in_the_words_of_the_users_shell(shell, hint):
    assert path_hint(shell, "/a", "/b") == hint


def test_the_summary_has_the_hint():
    plan = make_plan(mac(), Settings())
    assert plan.hints == (
        "echo 'export PATH=\"/opt/homebrew/opt/postgresql@15/bin:/Users/ann/.local/bin:$PATH\"' >> ~/.zshrc",
    )
