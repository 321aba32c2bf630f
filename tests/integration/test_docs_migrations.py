"""Every command in docs/migrations.md exists, with its options, and does what the page says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess

import click
import pytest
from click.testing import CliRunner

from memory_mcp.cli import main
from memory_mcp.cli.db import SUBCOMMANDS, db
from memory_mcp.db import files

TEXT = (files.folder().parent / "docs" / "migrations.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"\bdb ((?:[a-z]+)(?: \[?--?[^`|\n#]*)?)", TEXT)))
TABLE = re.findall(r"^\| (`db .*?) \|", TEXT, re.MULTILINE)

# In an order in which they can be done. What is in capitals stands for it on the page, too.
RUNS = """
wait --seconds 30
status
migrate --dry-run
migrate --to 20250117000001 --lock-wait 30
migrate --steps 1
migrate --out-of-order
status --exit-code
verify
baseline
baseline --to 20250120000000
seed
backup FILE
backup
restore FILE --into NAME
restore FILE --yes
redo --yes
redo --no-backup --yes
rollback --yes
rollback --to 20250117000001 --yes
rollback --steps 1 --no-backup --yes
migrate
seed
history --limit 3
tune --dry-run
tune
reembed --index crm-notes
reembed --dimensions 1536
unseed
new add_colour
""".strip().splitlines()


@pytest.mark.parametrize("words", NAMED)
def test_a_documented_command_exists_with_its_options(words):
    name, _, rest = words.partition(" ")
    command = db.get_command(click.Context(db), name)
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"--[a-z-]+", rest)) <= known


def test_every_command_is_documented_and_run_here():
    assert {words.split()[0] for words in NAMED} == set(SUBCOMMANDS)
    run = {(line.split()[0], option) for line in RUNS for option in ["", *re.findall(r"--[a-z-]+", line)]}
    for row in TABLE:
        for words in re.findall(r"db ([^`]+)", row):
            for option in ["", *re.findall(r"--[a-z-]+", words)]:
                assert (words.split()[0], option) in run


def test_every_command_works(database, server, tmp_path, monkeypatch):
    shutil.copytree(files.folder(), tmp_path / "migrations")
    monkeypatch.setattr(files, "folder", lambda: tmp_path / "migrations")
    monkeypatch.setattr("memory_mcp.db.backup.default_folder", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    environment = {
        "DATABASE_URL": database.url,
        "HOME": str(tmp_path),
        "MEMORY_PG_BIN": str(server.bin),
        "MEMORY_EMBEDDING_PROVIDER": "hashed",
        "MEMORY_ACTIVE_PROJECT": "test",  # that of the sample data
        "MEMORY_DEFAULT_INDEX": "personal",
    }
    beside = server.create(f"{database.name}_beside", "template_extensions")
    for line in RUNS:
        words = line.replace("FILE", str(tmp_path / "my.dump")).replace("NAME", beside.name).split()
        for options in ([], ["--json"]) if words[0] in {"status", "verify", "history"} else ([],):
            result = CliRunner().invoke(main, ["db", *words, *options], env=environment)
            assert result.exit_code == 0, f"{line}\n{result.output}"
    server.drop(beside.name)


def test_the_commands_of_by_hand_work(database, server):
    section = TEXT.split("## By hand")[1].split("##")[0]
    [line] = re.findall(r"^    (psql .*)$", section, re.MULTILINE)
    environment = {
        **os.environ,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server.port),
        "PGUSER": "memory_user",
        "PGDATABASE": database.name,
        "PGPASSWORD": server.app_password,
    }
    program, *options, first = shlex.split(line)
    root = files.folder().parent
    assert (root / first).is_file()
    for path in sorted(files.folder().glob("*.sql")):
        subprocess.run(
            [server.bin / program, "-q", *options, path], env=environment, check=True, capture_output=True
        )
    result = CliRunner().invoke(main, ["db", "baseline"], env={"DATABASE_URL": database.url})
    assert result.exit_code == 0
    assert result.output.count("adopted") == len(list(files.folder().glob("*.sql")))
