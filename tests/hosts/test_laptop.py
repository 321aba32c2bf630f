"""A user without root, from bare to provisioned, changed and uninstalled: all is at home. docs/laptop.md

An installation that nothing interrupts is in test_docs_laptop.py.
"""

from __future__ import annotations

import json

import pytest

from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.laptop import BASE, CONFIG, INSTALL, MCP, USER, admin, assert_whole, furnished, mine, state
from tests.hosts.provision import cut_off, dry, provision, provisioned

pytestmark = pytest.mark.hosts("all")


@pytest.fixture(scope="module")
def laptop(shared_machine: Machines) -> Machine:
    return furnished(shared_machine("debian12", disk="4g"))


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


def files_outside(m: Machine) -> str:
    """What belongs to the user, or has our name, outside of the home."""
    elsewhere = "".join(
        f" -not -path '{place}*'" for place in (f"/home/{USER}", "/proc/", "/run/user/", "/var/mail/")
    )
    return m.run(f"find / -xdev \\( -user {USER} -o -name '*memory-mcp*' \\){elsewhere} -print").stdout


def test_cut_off_again_and_again_the_next_run_finishes_it_and_everything_is_at_home(laptop: Machine):
    before = files_outside(laptop)
    for step, by in (("Cluster", "controller"), ("Cluster", "power"), ("Server", "power")):
        cut_off(laptop, step, 1.5, by, user=USER)
    first = provisioned(laptop, user=USER)  # auto: neither root nor a server
    assert "PostgreSQL 18 (embedded)" in first.said
    assert "Smoke test   passed" in first.said
    assert f"/home/{USER}/.local/bin is not on your PATH" in first.said
    assert_whole(laptop)
    assert files_outside(laptop) == before
    assert laptop.run("getent passwd memory-mcp").returncode != 0


def test_a_second_run_changes_nothing_and_a_call_after_a_reboot_starts_it(laptop: Machine):
    assert provisioned(laptop, user=USER).changes == 0
    planned = dry(laptop.inventory(USER))
    assert planned.returncode == 0, planned.stderr
    assert "would be:" not in planned.stderr

    laptop.reboot()
    assert state(laptop) == "stopped"
    assert not call(laptop, "list_indexes").get("isError")
    assert_whole(laptop)


def test_settings_and_another_port_reach_the_running_server(laptop: Machine):
    wanted = laptop.inventory(USER, postgres_port=15999, postgres_settings={"shared_buffers": "48MB"})
    changed = provision(wanted)
    assert changed.returncode == 0, changed.said
    assert admin(laptop, "SHOW shared_buffers") == ["48MB"]
    assert admin(laptop, "SHOW port") == ["15999"]
    assert provision(wanted).changes == 0
    assert_whole(laptop)


def test_uninstalled_the_data_stay_until_they_are_given_up_by_name(laptop: Machine):
    job, purge = "deploys/uninstall.py", ("--data", "purge_data=true", "--data", "confirm=memory_default")
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
