"""`memory-mcp db …` as a user sees it: outputs, JSON, exit codes, questions."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from memory_mcp.cli import main


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def call(database, *arguments, **options):
        url = database if isinstance(database, str) else database.url
        return CliRunner().invoke(main, ["db", *arguments], env={"DATABASE_URL": url}, **options)

    return call


def test_from_empty_to_current(run, database):
    before = json.loads(run(database, "status", "--json").stdout)
    assert before["state"] == "empty"
    assert before["pending"][0]["name"] == "init_postgres_schema"
    assert run(database, "status", "--exit-code").exit_code == 1
    applied = json.loads(run(database, "migrate", "--json").stdout)
    assert applied["ok"] is True
    assert [each["version"] for each in applied["applied"]] == [each["version"] for each in before["pending"]]
    after = json.loads(run(database, "status", "--json").stdout)
    assert (after["state"], after["pending"], after["database"]) == ("current", [], database.name)
    assert after["server_version"] >= 150000
    assert run(database, "status", "--exit-code").exit_code == 0
    assert "nothing to do" in run(database, "migrate").stdout


def test_a_wrong_password_is_exit_2_and_shows_no_secret(run, database):
    result = run(database.url.replace(database.server.app_password, "hunter2"), "status")
    assert result.exit_code == 2
    assert [line.split(":")[0].strip() for line in result.stderr.splitlines()] == ["error", "why", "fix"]
    assert "hunter2" not in result.output


def test_an_unreachable_server_is_exit_3_also_as_json(run):
    result = run("postgresql://u:hunter2@127.0.0.1:1/d", "status", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["ok"] is False
    assert "hunter2" not in result.output


def test_verify_is_exit_1_when_something_differs(run, migrated):
    assert run(migrated, "verify").exit_code == 0
    migrated.query("DROP INDEX idx_memories_tags")
    result = run(migrated, "verify", "--json")
    assert result.exit_code == 1
    assert [each["object"] for each in json.loads(result.stdout)["differences"]] == ["index idx_memories_tags"]


def test_a_rollback_asks_for_the_name_or_needs_yes(run, migrated):
    refused = run(migrated, "rollback", "--no-backup")
    assert refused.exit_code == 4
    assert "--yes" in refused.stderr
    assert migrated.query("SELECT count(*) FROM memory_mcp.migrations") == [(4,)]
    done = run(migrated, "rollback", "--no-backup", "--yes", "--json")
    assert [each["name"] for each in json.loads(done.stdout)["undone"]] == ["add_time_columns"]
    assert migrated.query("SELECT count(*) FROM memory_mcp.migrations") == [(3,)]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "code"), [("right", 0), ("wrong", 4)])
def test_on_a_terminal_the_databases_name_is_the_answer(migrated, tmp_path, answer, code):
    controller, terminal = os.openpty()
    command = [sys.executable, "-c", "from memory_mcp.cli import main; main()", "db", "rollback", "--no-backup"]
    environment = {"DATABASE_URL": migrated.url, "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    os.write(controller, f"{migrated.name if answer == 'right' else 'other'}\n".encode())
    process.communicate(timeout=60)
    os.close(controller)
    os.close(terminal)
    assert process.returncode == code


def test_redo_applies_the_last_migration_again(run, migrated):
    assert run(migrated, "redo", "--no-backup", "--yes").exit_code == 0
    events = migrated.query("SELECT event FROM memory_mcp.migration_history ORDER BY id DESC LIMIT 2")
    assert events == [("apply",), ("rollback",)]
    shown = run(migrated, "history", "--limit", "2").stdout.splitlines()
    assert ["apply" in shown[0], "rollback" in shown[1]] == [True, True]
    assert len(json.loads(run(migrated, "history", "--json").stdout)["events"]) == 6


def test_baseline_adopts_a_database_made_by_hand(run, migrated):
    migrated.query("DROP SCHEMA memory_mcp CASCADE")
    assert json.loads(run(migrated, "status", "--json").stdout)["state"] == "unmanaged"
    assert run(migrated, "migrate").exit_code == 4
    adopted = json.loads(run(migrated, "baseline", "--json").stdout)["adopted"]
    assert len(adopted) == 4
    assert json.loads(run(migrated, "status", "--json").stdout)["state"] == "current"


def test_seed_and_unseed_say_what_they_did(run, migrated):
    assert "10 in memories" in run(migrated, "seed").stdout
    assert json.loads(run(migrated, "unseed", "--json").stdout)["rows"]["memories"] == 10


def test_wait_ends_when_the_database_answers(run, database):
    assert run(database, "wait").exit_code == 0
    assert run("postgresql://u@127.0.0.1:1/d", "wait", "--seconds", "0.2").exit_code == 3


def test_the_url_can_come_from_standard_input(run, database):
    result = run("postgresql://u@127.0.0.1:1/d", "status", "--database-url", "-", input=f"{database.url}\n")
    assert result.exit_code == 0


def test_backup_and_restore_round_trip(run, migrated, server, monkeypatch, tmp_path):
    monkeypatch.setenv("MEMORY_PG_BIN", str(server.bin))
    run(migrated, "seed")
    made = json.loads(run(migrated, "backup", str(tmp_path / "x.dump"), "--json").stdout)
    assert made["bytes"] > 0
    migrated.query("DELETE FROM memories")
    assert run(migrated, "restore", made["file"]).exit_code == 4
    assert run(migrated, "restore", made["file"], "--yes").exit_code == 0
    assert migrated.query("SELECT count(*) FROM memories") == [(10,)]


def test_new_makes_a_migration_and_its_rollback(run, tmp_path, monkeypatch):
    from memory_mcp.db import files

    (tmp_path / "20990101000000_future.sql").write_text("SELECT 1;")
    monkeypatch.setattr(files, "folder", lambda: tmp_path)
    made = json.loads(run("postgresql:///unused", "new", "Add colour!", "--json").stdout)["files"]
    assert [path.rsplit("/", 1)[1] for path in made] == ["20990101000001_add_colour.sql"] * 2
    assert files.load(tmp_path).migrations[-1].name == "add_colour"
