"""The kit's program.py, run as the PowerShell script runs it, on this machine and its PostgreSQL.

Stand-in: the machine is no Windows. What differs there (paths of a virtual environment, links, access lists) is
in tests/unit/test_windows_remote.py, and in the workflow for a Windows runner.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from memory_mcp import config
from memory_provision.settings import Settings
from memory_provision.windows_kit import kit
from tests.integration.postgres import Server
from tests.needs import missing

pytestmark = pytest.mark.hosts("all")  # it installs the server's packages

ROLE, DATABASE, KEY = "kit user", "kit 'data\"base", "sk-kit-0123456789"


class Machine:
    """Folders with spaces, as Windows has them, and what the script would tell the program."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.kit, self.config, self.install = (
            folder / "the kit",
            folder / "Program Data",
            folder / "Program Files",
        )
        for path in (self.kit, self.config / "admin", self.install):
            path.mkdir(parents=True)
        settings = Settings.from_data({"role": ROLE, "database": DATABASE, "embedding_provider": "local"}, {})
        for name, content in kit(settings).items():
            (self.kit / name).write_bytes(content)
        self.passfile = self.config / "admin" / "pgpass"
        self.passfile.write_text(f"localhost:{server.port}:*:postgres:{server.admin_password}\n")
        self.passfile.chmod(0o600)

    def run(self, apply: bool = True, **env: str) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
        places = {
            "install_dir": str(self.install),
            "config_dir": str(self.config),
            "kit": str(self.kit),
            "bindir": str(self.server.bin),
            "passfile": str(self.passfile),
            "port": self.server.port,
            "python": sys.executable,
            "apply": apply,
        }
        clean = {k: v for k, v in os.environ.items() if k.startswith(("PATH", "PIP_", "UV_", "HOME", "SSL_"))}
        done = subprocess.run(
            [sys.executable, "-I", str(self.kit / "program.py")],
            input=json.dumps(places),
            env={**clean, "PGPASSWORD": "of somebody else", **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.stdout.isascii(), done.stdout
        assert done.stderr == ""
        return json.loads(done.stdout), done


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Machine]:
    if os.geteuid() != 0:
        missing("needs root: the files belong to it")
    yield Machine(tmp_path_factory.mktemp("windows"), server)
    server.drop(DATABASE.replace('"', '""'))
    server.query(f'DROP ROLE IF EXISTS "{ROLE}"')


def test_a_dry_run_says_what_it_would_do_and_does_nothing(machine: Machine):
    answer, done = machine.run(apply=False)
    assert done.returncode == 0
    assert f"role {ROLE} made" in answer["changes"]
    assert any("migration 20250117000001" in change for change in answer["changes"])
    assert not list(machine.install.iterdir())
    assert machine.server.query("SELECT FROM pg_roles WHERE rolname = %s", ROLE) == []


def test_it_makes_everything_and_a_client_uses_it(machine: Machine):
    answer, done = machine.run(OPENAI_API_KEY=KEY)
    assert (done.returncode, answer["trouble"]) == (0, None)
    assert len(answer["facts"]["schema"]) >= 4
    assert answer["facts"]["smoke"]["ok"]
    settings = config.load({}, machine.config / ".env")
    assert settings.registry == machine.config / "config" / "projects.json"
    assert settings.openai_api_key == KEY
    with psycopg.connect(settings.database().url) as connection:  # read back with the password that was made
        row = connection.execute("SELECT current_user, count(*) FROM memory_indexes").fetchone()
    assert row == (ROLE, 1)
    rights = machine.server.query("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = %s", ROLE)
    assert rights == [(False, False)]
    assert (machine.install / "current" / "bin" / "memory-mcp").exists()


def test_no_secret_is_told(machine: Machine):
    answer, done = machine.run(OPENAI_API_KEY=KEY)
    password = config.load({}, machine.config / ".env").database().parsed.password
    for secret in (password, machine.server.admin_password, KEY):
        assert secret not in json.dumps(answer) + done.stderr
        assert all(secret.encode() not in path.read_bytes() for path in machine.kit.iterdir())


def test_a_second_run_changes_nothing(machine: Machine):
    answer, _ = machine.run(OPENAI_API_KEY=KEY)
    assert answer["changes"] == []


def test_without_the_variable_the_key_stays_as_it_was(machine: Machine):
    answer, _ = machine.run()
    assert answer["changes"] == []
    assert config.load({}, machine.config / ".env").openai_api_key == KEY


def test_a_password_that_is_given_becomes_the_roles(machine: Machine):
    answer, _ = machine.run(MEMORY_DATABASE_PASSWORD="n:e\\w 'one'")
    assert f"password of {ROLE} set" in answer["changes"]
    settings = config.load({}, machine.config / ".env")
    assert settings.database().parsed.password == "n:e\\w 'one'"
    psycopg.connect(settings.database().url).close()
    assert machine.run()[0]["changes"] == []


def test_a_server_that_says_no_is_told_with_cause_and_fix(machine: Machine):
    right = machine.passfile.read_text()
    machine.passfile.write_text(f"localhost:{machine.server.port}:*:postgres:wrong\n")
    try:
        answer, done = machine.run()
    finally:
        machine.passfile.write_text(right)
    assert done.returncode == 1
    assert "password authentication failed" in answer["trouble"]["why"]
    assert "wrong" not in json.dumps(answer)


def test_a_damaged_kit_is_told_without_a_traceback(machine: Machine):
    wheel = next(machine.kit.glob("*.whl"))
    wheel.rename(machine.kit / "away")
    try:
        answer, done = machine.run()
    finally:
        (machine.kit / "away").rename(wheel)
    assert done.returncode == 1
    assert "FileNotFoundError" in answer["trouble"]["seen"]
