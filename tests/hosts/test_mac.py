"""macOS with Homebrew without a Mac: stand-ins for its names and for brew, everything else is real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest

from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.mac import PREFIX, USER, pretend
from tests.hosts.provision import dry, provision, provisioned

pytestmark = pytest.mark.hosts("all")
HOME = f"/home/{USER}"
BIN = f"{PREFIX}/opt/postgresql@15/bin"


@pytest.fixture(scope="module")
def mac(shared_machine: Machines) -> Iterator[Machine]:
    machine = shared_machine("debian12", disk="4g")
    pretend(machine)
    fetch = (
        "apt-get update --print-uris | sed -n \"s#^'\\([^']*\\)/dists/bookworm/InRelease'.*#\\1#p\" | head -n 1"
    )
    mirror = machine.run(fetch).stdout.strip()
    source = f"{mirror}/pool/main/p/pgvector/pgvector_0.8.0.orig.tar.gz"
    cache = f"{HOME}/.cache/memory-mcp"
    done = machine.ssh(f"mkdir -p {cache} && cd {cache} && curl -fsSLO {source}", user=USER)
    assert done.returncode == 0, done.stderr
    yield machine
    machine.destroy()


def calls(machine: Machine) -> list[str]:
    """What Homebrew was asked since the last time."""
    done = machine.ssh(f"cat {PREFIX}/calls; : >{PREFIX}/calls", user=USER)
    return done.stdout.splitlines()


def password(machine: Machine) -> str:
    text = machine.ssh(f"cat {HOME}/.config/memory-mcp/config/projects.json", user=USER).stdout
    return unquote(urlsplit(json.loads(text)["local"]["databaseUrl"]).password or "")


def sql(machine: Machine, statement: str) -> list[str]:
    done = machine.ssh(f"{BIN}/psql -XAtq -h /tmp -d memory_default -f -", input=statement, user=USER)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_dry_run_on_a_mac_without_anything(mac: Machine):
    done = dry(mac.inventory(USER))
    assert done.returncode == 0, done.stderr
    assert "postgresql@15" in done.stderr
    assert calls(mac) == []


def test_the_main_job_as_its_user(mac: Machine):
    run = provisioned(mac, user=USER)
    said = run.said
    assert "PostgreSQL 15 (homebrew)" in said
    assert "brew services, postgresql@15" in said
    assert f"{BIN}:{HOME}/.local/bin" in said  # the hint for PATH; the shell's files are untouched
    assert sql(mac, "SELECT extversion FROM pg_extension WHERE extname = 'vector'") == ["0.8.0"]
    assert sql(mac, "SELECT count(*) FROM memory_indexes") == ["1"]
    assert sql(mac, "SELECT rolsuper FROM pg_roles WHERE rolname = 'memory_user'") == ["f"]
    asked = calls(mac)
    assert "install postgresql@15 python@3.13" in asked
    assert "install pgvector" not in asked  # its bottle has nothing for 15
    assert "services start postgresql@15" in asked


def test_nothing_of_it_is_root_s(mac: Machine):
    assert mac.run("ls -d /opt/memory-mcp /etc/memory-mcp /var/cache/memory-mcp").stdout == ""
    assert mac.run(f"find {HOME} {PREFIX} -user root | grep -v '^{PREFIX}/bin/brew$'").stdout == ""
    modes = mac.run(f"cd {HOME}/.config/memory-mcp && stat -c '%a %U' .env pgpass config/projects.json").stdout
    assert modes.splitlines() == [f"600 {USER}"] * 3


def test_the_role_logs_in_with_its_password_and_with_no_other(mac: Machine):
    login = f"{BIN}/psql -XAtw -h localhost -U memory_user -d memory_default -c 'SELECT 1'"
    right = mac.ssh(
        f"IFS= read -r PGPASSWORD; export PGPASSWORD; {login}", input=password(mac) + "\n", user=USER
    )
    assert right.stdout == "1\n", right.stderr
    wrong = mac.ssh(f"PGPASSWORD=wrong {login}", user=USER)
    assert "password authentication failed" in wrong.stderr


def test_the_command_is_there_for_its_user(mac: Machine):
    done = mac.ssh(f"{HOME}/.local/bin/memory-mcp doctor --json", user=USER)
    assert done.returncode == 0, done.stdout
    assert mac.ssh(f"{HOME}/.local/bin/memory-mcp smoke", user=USER).returncode == 0


def test_a_second_run_changes_nothing_and_asks_homebrew_nothing(mac: Machine):
    assert provisioned(mac, user=USER).changes == 0
    assert calls(mac) == []


def test_a_stopped_service_is_started_again_and_what_the_user_adds_to_the_env_file_is_kept(mac: Machine):
    env = f"{HOME}/.config/memory-mcp/.env"
    mac.ssh(f"{BIN}/pg_ctl -D {PREFIX}/var/postgresql@15 -m fast -w stop; echo MY_OWN=1 >>{env}", user=USER)
    assert provisioned(mac, user=USER).changes > 0  # a client proves that the server still works with it
    assert calls(mac) == ["services restart postgresql@15"]
    assert sql(mac, "SELECT 1") == ["1"]
    assert "MY_OWN=1" in mac.ssh(f"cat {env}", user=USER).stdout


def test_a_bottle_that_covers_the_version_is_taken(mac: Machine):
    lib, share = (mac.run(f"{BIN}/pg_config --{name}").stdout.strip() for name in ("pkglibdir", "sharedir"))
    done = mac.run(
        f"cp {lib}/vector.so {share}/extension/vector* /srv/bottles/pgvector/ && "
        "echo 15 17 >/srv/bottles/bottled && "
        f"rm {lib}/vector.so {share}/extension/vector*"
    )
    assert done.returncode == 0, done.stderr
    provisioned(mac, user=USER)
    assert "install pgvector" in calls(mac)
    assert sql(mac, "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'") == ["0.8.0"]
    assert provisioned(mac, user=USER).changes == 0


def test_root_is_refused_and_told_why(mac: Machine):
    run = provision(mac.inventory("root"))
    assert run.returncode == 1
    assert "Homebrew refuses root" in run.said
    assert calls(mac) == []
