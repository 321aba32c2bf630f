"""A user without root, from bare to provisioned, changed and uninstalled: all is at home. docs/laptop.md"""

from __future__ import annotations

import json

import pytest

from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.laptop import BASE, CONFIG, MCP, USER, admin, assert_whole, furnished, mine, state
from tests.hosts.provision import dry, provision, provisioned

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
