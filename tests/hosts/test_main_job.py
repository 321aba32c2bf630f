"""The main job on a bare Debian 12 over SSH: the whole contract, once, in the order in which it happens."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.hosts import facts
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import ROOT, Run, dry, provision, provisioned
from tests.hosts.watch import Watch, watching

API_KEY = "sk-not-a-real-key-4f1c"


class Story:
    """A machine with what happened to it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.bare = _state(machine)
        self.dry = dry(machine.inventory())
        self.after_dry = _state(machine)
        with watching(machine) as self.watch:
            # -vvv prints all that pyinfra can print
            self.first = provision(machine.inventory(), "-vvv")


# PostgreSQL writes its own files whenever it likes (autovacuum, checkpoints): it is asked what is in them.
FOLDERS = "/etc /opt /var/lib /tmp -xdev -path '/var/lib/postgresql/*/main/*' -prune"
RANDOM = ("\\restrict ", "\\unrestrict ")  # pg_dump puts another word behind these each time
LIFE = "SELECT pg_postmaster_start_time(), pg_conf_load_time()"


def _state(machine: Machine) -> str:
    """Packages, users and the files of the places where the job writes."""
    return facts.look(
        machine, f"dpkg-query -W; cat /etc/passwd; find {FOLDERS} -o -printf '%p %m %s\\n' | sort"
    )


def _cluster(machine: Machine) -> list[str]:
    """All that the cluster holds, since when it runs and since when with these settings."""
    dump = facts.look(machine, "cd / && su postgres -c pg_dumpall").splitlines()
    same = [line for line in dump if not line.startswith(RANDOM)]
    return [*same, *facts.sql(machine, LIFE)]


@pytest.fixture(scope="module")
def story(shared_machine: Machines) -> Iterator[Story]:
    yield Story(shared_machine("debian12", disk="4g"))


@pytest.fixture(scope="module")
def machine_after(story: Story) -> Machine:
    assert story.first.returncode == 0, story.first.said
    return story.machine


def test_a_dry_run_on_a_bare_machine_says_what_would_be_done_and_does_nothing(story: Story):
    assert story.dry.returncode == 0, story.dry.stderr
    for words in ("postgresql-15", "role memory_user", "20250117000001", "MCP client"):
        assert words in story.dry.stderr
    assert story.after_dry == story.bare


def test_the_first_run_makes_a_machine_that_keeps_the_contract(machine_after: Machine):
    facts.assert_provisioned(machine_after, 15)


def test_the_summary_tells_how_to_go_on(story: Story):
    for words in (
        "postgresql://memory_user@localhost:5432/memory_default",
        "mcpServers",
        "pgpass",
        "memory-mcp smoke",
    ):
        assert words in story.first.said


def test_all_that_a_server_loads_is_compiled(machine_after: Machine):
    """Its own user could not keep what is compiled later, so every start would do it again."""
    loads = "PYTHONVERBOSE=1 memory-mcp %s </dev/null 2>&1 >/dev/null | grep '^# code object from ./opt'"
    for command in ("serve --env-file /etc/memory-mcp/.env", "doctor", "db status"):
        loaded = facts.look(machine_after, loads % command).splitlines()
        assert len(loaded) > 100
        assert [line for line in loaded if ".pyc" not in line] == []


def test_an_old_pgvector_is_warned_of_by_its_cve(story: Story):
    assert "CVE-2026-3172" in story.first.said


def test_no_secret_was_seen_in_a_command_line_an_environment_or_a_temporary_file(
    story: Story, machine_after: Machine
):
    watch: Watch = story.watch
    assert watch.rounds > 50
    assert any("psql" in where or b"postgres" in text for text, where in watch.seen.items())
    assert watch.finds(facts.password(machine_after)) == []
    [verifier] = facts.sql(machine_after, "SELECT rolpassword FROM pg_authid WHERE rolname = 'memory_user'")
    assert watch.finds(verifier) == []


def test_no_secret_is_in_the_output_or_in_what_others_can_read(story: Story, machine_after: Machine):
    password = facts.password(machine_after)
    [verifier] = facts.sql(machine_after, "SELECT rolpassword FROM pg_authid WHERE rolname = 'memory_user'")
    for secret in (password, verifier):
        assert secret not in story.first.said
        assert secret not in str(story.first.results)
        readable = (
            "find / -xdev -type f -perm /o=r -size -4M -exec grep -lF -e '%s' {} +; grep -rlF -e '%s' /var/log"
        )
        assert machine_after.run(readable % (secret, secret)).stdout == ""


def test_a_second_run_changes_nothing_in_at_most_40_commands(machine_after: Machine):
    before = _state(machine_after), _cluster(machine_after)
    again = provisioned(machine_after, "-vv")
    assert again.changes == 0
    assert 0 < facts.commands_run(again.said) <= 40
    assert (_state(machine_after), _cluster(machine_after)) == before


def test_a_user_with_sudo_gets_the_same_without_a_word_in_the_inventory(machine_after: Machine):
    assert provisioned(machine_after, user="ops").changes == 0


def test_drift_is_put_right_and_nothing_else_is_touched(machine_after: Machine):
    facts.sql(machine_after, "ALTER ROLE memory_user SUPERUSER PASSWORD 'other'; DROP EXTENSION pgcrypto")
    machine_after.run(
        "chmod 644 /etc/memory-mcp/.env; rm /usr/local/bin/memory-mcp; echo MINE=1 >> /etc/memory-mcp/.env"
    )
    before = facts.password(machine_after)
    run: Run = provisioned(machine_after)
    assert "SUPERUSER taken from role memory_user" in run.said
    assert facts.password(machine_after) == before  # the file is the truth, clients have it
    assert "MINE=1" in machine_after.run("cat /etc/memory-mcp/.env").stdout
    facts.assert_provisioned(machine_after, 15)
    assert provisioned(machine_after).changes == 0


def test_a_key_from_the_environment_reaches_only_the_env_file(machine_after: Machine):
    with watching(machine_after) as watch:
        run = provision(
            machine_after.inventory(), "-vvv", "--data", "smoke=never", env={"OPENAI_API_KEY": API_KEY}
        )
    assert run.returncode == 0, run.said
    assert f"OPENAI_API_KEY={API_KEY}" in machine_after.run("cat /etc/memory-mcp/.env").stdout
    assert API_KEY not in run.said
    assert watch.finds(API_KEY) == []
    machine_after.run("sed -i /OPENAI_API_KEY/d /etc/memory-mcp/.env")


LONG = [pytest.param(page, marks=pytest.mark.hosts("all")) for page in ("README.md", "docs/fleets.md")]


@pytest.mark.parametrize("page", [*LONG, "docs/platforms.md", "docs/security.md"])
def test_every_command_of_a_page_works_as_it_is_printed(machine_after: Machine, page: str):
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    lines = [line.split("  #")[0].rstrip() for block in blocks for line in block.splitlines()]
    assert lines
    for line in lines:
        if "inventories/dev.py" in line or line == "./run pytest":
            assert line in (ROOT / ".ci/run").read_text()  # these two are run by every CI run
        elif line.startswith("./run "):
            here = line.replace("inventories/vms.py", str(machine_after.inventory("ops")))
            done = subprocess.run(here, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
        else:
            if line.startswith("pg_ctlcluster"):
                machine_after.run("systemctl stop postgresql@15-main")
            done = machine_after.run(line)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert machine_after.run("memory-mcp db unseed").returncode == 0


def test_a_stopped_cluster_is_started_again(machine_after: Machine):
    machine_after.run("systemctl stop postgresql@15-main")
    assert "cluster 15/main started" in provisioned(machine_after).said
    facts.assert_server(machine_after, machine_after.testinfra(), 15, systemd=True)


def test_everything_works_after_a_reboot(machine_after: Machine):
    machine_after.reboot()
    machine_after.run("systemctl is-system-running --wait")
    facts.assert_provisioned(machine_after, 15)
    assert provisioned(machine_after).changes == 0
