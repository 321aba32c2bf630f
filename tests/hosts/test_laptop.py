"""A user without root: PostgreSQL from a wheel, everything at home. docs/laptop.md"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import tarfile

import pytest

from tests.docs import shell_commands
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import ROOT, cut_off, dry, provision, provisioned

USER = "ada"
BASE = f"/home/{USER}/.local/share/memory-mcp"
CONFIG = f"/home/{USER}/.config/memory-mcp"
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"
MCP = f"/home/{USER}/.local/bin/memory-mcp"

pytestmark = pytest.mark.hosts("all")


@pytest.fixture
def laptop(machine: Machines) -> Machine:
    """A machine with Python and a user who is nobody special."""
    return furnished(machine("debian12", disk="4g"))


def furnished(m: Machine) -> Machine:
    made = m.run(
        "set -e; apt-get update -qq; "
        f"{INSTALL} python3 python3-venv ca-certificates; "
        f"useradd -m -s /bin/bash {USER}; install -d -m 700 -o {USER} -g {USER} ~{USER}/.ssh; "
        f"install -m 600 -o {USER} -g {USER} ~ops/.ssh/authorized_keys ~{USER}/.ssh/authorized_keys"
    )
    assert made.returncode == 0, made.stderr
    return m


def mine(m: Machine, command: str, input: str | None = None) -> str:  # noqa: A002
    """Output of a command of the user, which has to work."""
    done = m.run(command, input=input, user=USER)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def admin(m: Machine, statement: str, database: str = "memory_default") -> list[str]:
    """Rows of a query of the administrator, by the wheel's own psql."""
    login = f"PGPASSFILE={BASE}/postgres/18/pgpass {BASE}/pgsql/bin/psql -XAtqw -h 127.0.0.1 -U postgres"
    return mine(m, f"{login} -p $(cat {BASE}/postgres/port) -d {database} -f -", statement).splitlines()


def state(m: Machine) -> str:
    return str(json.loads(m.run(f"{MCP} embedded status --json", user=USER).stdout)["state"])


def call(m: Machine, tool: str) -> dict[str, object]:
    """What a tool answers over a raw MCP session."""
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    lines = (
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": tool, "arguments": {}}},
    )
    text = "".join(json.dumps(line) + "\n" for line in lines)
    said = mine(m, f"(cat; sleep 15) | timeout 30 {MCP} serve --env-file {CONFIG}/.env", text)
    return dict(json.loads(said.splitlines()[-1])["result"])


def assert_whole(m: Machine) -> None:
    """The contract of the main job, as far as it is the same for a user."""
    assert state(m) == "running"
    role = (
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolpassword FROM pg_authid WHERE rolname = 'memory_user'"
    )
    assert admin(m, role)[0].startswith("f|f|f|SCRAM-SHA-256$")
    assert admin(m, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()") == [
        "memory_user"
    ]
    assert admin(m, "SELECT extversion FROM pg_extension WHERE extname = 'vector'") == ["0.8.6"]
    assert admin(m, "SELECT DISTINCT auth_method FROM pg_hba_file_rules") == ["scram-sha-256"]
    assert admin(m, "SELECT count(*) FROM memories") == ["0"]
    modes = mine(m, f"stat -c '%a' {CONFIG}/.env {CONFIG}/config/projects.json {CONFIG}/pgpass {BASE}/postgres")
    assert modes.split() == ["600", "600", "600", "700"]
    assert "up to date" in mine(m, f"{MCP} db status")


def files_outside(m: Machine) -> str:
    """What belongs to the user, or has our name, outside of the home."""
    elsewhere = "".join(
        f" -not -path '{place}*'" for place in (f"/home/{USER}", "/proc/", "/run/user/", "/var/mail/")
    )
    return m.run(f"find / -xdev \\( -user {USER} -o -name '*memory-mcp*' \\){elsewhere} -print").stdout


def test_everything_is_at_home_a_second_run_changes_nothing_and_a_call_after_a_reboot_starts_it(
    laptop: Machine,
):
    before = files_outside(laptop)
    first = provisioned(laptop, user=USER)  # auto: neither root nor a server
    assert "PostgreSQL 18 (embedded)" in first.said
    assert "Smoke test   passed" in first.said
    assert f"/home/{USER}/.local/bin is not on your PATH" in first.said
    assert_whole(laptop)
    assert files_outside(laptop) == before
    assert laptop.run("getent passwd memory-mcp").returncode != 0

    assert provisioned(laptop, user=USER).changes == 0
    planned = dry(laptop.inventory(USER))
    assert planned.returncode == 0, planned.stderr
    assert "would be:" not in planned.stderr

    laptop.reboot()
    assert state(laptop) == "stopped"
    assert not call(laptop, "list_indexes").get("isError")
    assert_whole(laptop)


def test_settings_and_another_port_reach_the_running_server(laptop: Machine):
    provisioned(laptop, user=USER)
    wanted = laptop.inventory(USER, postgres_port=15999, postgres_settings={"shared_buffers": "48MB"})
    changed = provision(wanted)
    assert changed.returncode == 0, changed.said
    assert admin(laptop, "SHOW shared_buffers") == ["48MB"]
    assert admin(laptop, "SHOW port") == ["15999"]
    assert provision(wanted).changes == 0
    assert_whole(laptop)


@pytest.mark.parametrize(("step", "by"), [("Cluster", "controller"), ("Cluster", "power"), ("Server", "power")])
def test_interrupted_the_next_run_finishes_it(laptop: Machine, step: str, by: str):
    cut_off(laptop, step, 1.5, by, user=USER)
    provisioned(laptop, user=USER)
    assert_whole(laptop)
    assert provisioned(laptop, user=USER).changes == 0


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


def checkout(m: Machine) -> None:
    """This repository in the user's home, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in listed.stdout.splitlines():
            archive.add(ROOT / name, name)
    mine(m, "mkdir project && base64 -d | tar xz -C project", base64.b64encode(packed.getvalue()).decode())


def test_every_command_of_the_page_works_for_a_user_in_a_checkout(machine: Machines):
    laptop = furnished(machine("debian12", disk="4g", index=False))  # the controller's packages, too
    checkout(laptop)
    commands = shell_commands("laptop.md")
    assert len(commands) >= 5
    for line in commands:
        mine(laptop, f"cd project && PATH=$HOME/.local/bin:$PATH && {line}")
    mine(laptop, f"{MCP} embedded start")
    assert_whole(laptop)


def test_uninstalled_the_data_stay_until_they_are_given_up_by_name(laptop: Machine):
    job, purge = "deploys/uninstall.py", ("--data", "purge_data=true", "--data", "confirm=memory_default")
    provisioned(laptop, user=USER)
    admin(laptop, "INSERT INTO memory_indexes (project, name) VALUES ('default', 'kept')")
    assert provision(laptop.inventory(USER), job=job).returncode == 0
    assert laptop.run(f"pgrep -u {USER} -x postgres").returncode == 1
    assert mine(laptop, f"ls {BASE}") == "postgres\n"
    assert laptop.run(f"ls -d {CONFIG} {MCP}").stdout == ""
    assert provision(laptop.inventory(USER), job=job).changes == 0

    provisioned(laptop, user=USER)
    assert admin(laptop, "SELECT name FROM memory_indexes ORDER BY 1") == ["kept", "memory"]
    run = provision(laptop.inventory(USER), *purge, job=job)
    assert run.returncode == 0, run.said
    saved = next(line.partition("backup: ")[2] for line in run.said.splitlines() if "backup: " in line)
    assert mine(laptop, f"head -c 5 {saved.strip()}") == "PGDMP"
    assert laptop.run(f"ls -d {BASE}").stdout == ""
    assert provision(laptop.inventory(USER), *purge, job=job).changes == 0
