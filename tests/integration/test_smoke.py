"""`memory-mcp smoke` as a command: it proves what works, names what does not, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memory_mcp.errors import Exit
from tests.integration.serving import PROJECT, settings

COMMAND = Path(sys.executable).with_name("memory-mcp")
TABLES = ("memory_indexes", "memories", "memory_relationships", "memory_usage_log")
LEFTOVER = "memory-mcp-smoke-20250101T000000-0123abcd"


def rows(database):
    return {table: database.query(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def smoke(*arguments, env=None, **options):
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [COMMAND, "smoke", *arguments],
        env={**clean, **(env or {})},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )


@pytest.fixture
def env_file(migrated, tmp_path):
    return settings(migrated.url, tmp_path).env_file


def test_a_working_installation_is_proved_and_left_as_it_was(migrated, env_file):
    before = rows(migrated)
    done = smoke("--json", "--env-file", env_file)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["ok"], told["project"], told["server"]["name"]) == (True, PROJECT, "memory")
    assert told["embedding"] == {"provider": "local", "model": "wordllama-l2-supercat-256", "dimensions": 256}
    assert [step["name"] for step in told["steps"]] == [
        *(
            "start",
            "database",
            "initialize",
            "tools",
            "create index",
            "memorize",
            "recall",
            "forget",
            "remove index",
        )
    ]
    assert migrated.server.app_password not in done.stdout + done.stderr
    assert rows(migrated) == before


def test_for_people_it_prints_one_line_per_step_and_a_verdict(env_file):
    done = smoke("--env-file", env_file)
    assert done.returncode == 0, done.stderr
    *steps, verdict = done.stdout.splitlines()
    assert all(line.startswith("✓ ") for line in steps)
    assert "works" in verdict
    assert PROJECT in verdict


def test_settings_of_the_environment_reach_the_server_without_being_seen(migrated, tmp_path):
    arguments = tmp_path / "arguments"
    wrapper = tmp_path / "python"
    done = smoke(
        "--json", env={"DATABASE_URL": migrated.url, "MEMORY_EMBEDDING_PROVIDER": "hashed"}, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["embedding"]["provider"] == "hashed"
    # what was in the server's arguments and environment while it ran, by a wrapper that writes them down
    wrapper.write_text(f'#!/bin/sh\n{{ env; echo "$@"; }} > {arguments}\nexec {COMMAND} "$@"\n')
    wrapper.chmod(0o755)
    smoke("--command", f"{wrapper} serve", env={"DATABASE_URL": migrated.url}, cwd=tmp_path)
    assert migrated.server.app_password not in arguments.read_text()


def test_what_a_dead_run_left_is_removed_and_other_indexes_are_not(migrated, env_file):
    names = (LEFTOVER, "memory-mcp-smoke-notes", "mine")
    for name in names:
        migrated.query("INSERT INTO memory_indexes (project, name) VALUES (%s, %s)", PROJECT, name)
    migrated.query(
        "INSERT INTO memory_usage_log (project, index_id, action, success) "
        "SELECT project, id, 'recall', true FROM memory_indexes WHERE name = %s",
        LEFTOVER,
    )
    done = smoke("--json", "--env-file", env_file)
    assert json.loads(done.stdout)["swept"] == [LEFTOVER]
    assert set(migrated.query("SELECT name FROM memory_indexes WHERE project = %s", PROJECT)) == {
        ("memory-mcp-smoke-notes",),
        ("mine",),
    }
    assert migrated.query("SELECT count(*) FROM memory_usage_log") == [(0,)]


def test_an_index_that_a_living_run_holds_is_left_alone(migrated, env_file):
    import psycopg

    migrated.query("INSERT INTO memory_indexes (project, name) VALUES (%s, %s)", PROJECT, LEFTOVER)
    with psycopg.connect(migrated.url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (LEFTOVER,))
        done = smoke("--json", "--env-file", env_file)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["swept"] == []


PAUSE = """
CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN OLD; END';
CREATE TRIGGER pause BEFORE DELETE ON memories FOR EACH ROW EXECUTE FUNCTION pause();
"""
END_SESSIONS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s AND usename = 'memory_user'
"""


def test_a_run_that_is_killed_is_cleaned_up_by_the_next_one(migrated, env_file):
    before = rows(migrated)
    assert migrated.psql("-c", PAUSE, role="postgres").returncode == 0  # its facts stay until it is killed
    running = subprocess.Popen([COMMAND, "smoke", "--env-file", env_file], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not migrated.query("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
        assert time.monotonic() < deadline
        assert running.poll() is None, "it ended before it could be killed"
    running.send_signal(signal.SIGKILL)
    running.wait()
    migrated.query(END_SESSIONS, migrated.name)
    assert rows(migrated)["memories"] > 0
    assert migrated.psql("-c", "DROP FUNCTION pause CASCADE", role="postgres").returncode == 0
    assert smoke("--env-file", env_file).returncode == 0
    assert rows(migrated) == before


@pytest.mark.parametrize(
    ("program", "step", "code", "hint"),
    [
        ("exit 1", "initialize", 1, "memory-mcp serve"),
        ("echo a clue for you >&2; exit 1", "initialize", 1, "a clue for you"),
        ("exec cat", "initialize", 1, "does not speak MCP"),
        ("sleep 60 & exit 1", "initialize", 1, "memory-mcp serve"),
        ("exec sleep 60", "initialize", 5, "not done after"),
    ],
)
def test_a_server_that_does_not_work_is_named_with_its_last_words(
    migrated, env_file, tmp_path, program, step, code, hint
):
    broken = tmp_path / "broken"
    broken.write_text(f"#!/bin/sh\n{program}\n")
    broken.chmod(0o755)
    timeout = "2" if code == Exit.BUSY else "30"
    done = smoke("--json", "--timeout", timeout, "--env-file", env_file, "--command", str(broken))
    told = json.loads(done.stdout)
    assert (done.returncode, told["step"]) == (code, step)
    assert hint in json.dumps(told["error"])
    assert rows(migrated)["memory_indexes"] == 1


def test_a_server_with_a_wrong_answer_fails_at_that_step_and_is_cleaned_up(migrated, env_file, tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "import os, sys\nfrom memory_mcp.store import memories\n"
        "async def delete(connection, index_id, ids): return list(ids)\n"
        "memories.delete = delete\n"
        "from memory_mcp.cli import main\nmain()\n"
    )
    command = f"{sys.executable} {wrong} serve --env-file {env_file}"
    done = smoke("--json", "--env-file", env_file, "--command", command)
    told = json.loads(done.stdout)
    assert (done.returncode, told["step"]) == (1, "forget")
    assert "3 memories are still in the table" in told["error"]["seen"]
    assert rows(migrated) == {
        "memory_indexes": 1,
        "memories": 0,
        "memory_relationships": 0,
        "memory_usage_log": 0,
    }


@pytest.mark.parametrize(
    ("url", "code", "hint"),
    [
        ("postgresql://memory_user:geheim@127.0.0.1:9/m", 3, "nothing listens there"),
        ("nonsense", 2, "postgresql://"),
    ],
)
def test_a_database_that_cannot_be_used_is_explained(tmp_path, url, code, hint):
    done = smoke(env={"DATABASE_URL": url}, cwd=tmp_path)
    assert done.returncode == code
    assert hint in done.stderr
    assert "geheim" not in done.stderr
    assert "Traceback" not in done.stderr


def test_it_works_from_any_folder_and_with_a_read_only_one(env_file, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir(mode=0o555)
    assert smoke("--env-file", env_file, cwd=folder).returncode == 0
    shutil.rmtree(folder)
