"""Passwords and verifiers, checked by a real PostgreSQL."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import psycopg
import pytest

from memory_provision.remote import configuration, credential, scram
from memory_provision.remote.base import Report, Trouble
from memory_provision.remote.psql import identifier, literal
from tests.integration.postgres import Database
from tests.needs import missing

AWKWARD = [
    "plain",
    'it\'s "quoted" \\ and: colons',
    "pass/word@host?x=1#y%20&z+",
    "пароль-密码",
    "\u2168 and \u00a0 and \u00ad soft",  # SASLprep maps all three
    "\u0627\u0031",  # bidirectional rules: PostgreSQL uses it unprepared
    " leading and trailing ",
]


@pytest.fixture
def request_for(tmp_path: Path, database: Database) -> dict[str, Any]:
    if os.geteuid() != 0:
        missing("needs root: the files belong to it")
    parts = psycopg.conninfo.conninfo_to_dict(database.url)
    return {
        "host": "localhost",
        "port": int(parts["port"]),
        "role": 'app\'s "role"',
        "database": parts["dbname"],
        "project": "local",
        "config_dir": str(tmp_path / "etc"),
        "projects_file": str(tmp_path / "etc/config/projects.json"),
        "env_file": str(tmp_path / "etc/.env"),
        "passfile": str(tmp_path / "etc/pgpass"),
        "owner": "root",
        "projects": '{"local": {"databaseUrl": "postgresql://u:@PASSWORD@@localhost/x"}}',
        "env": "# ours\nMEMORY_BACKEND=postgres\nMEMORY_ACTIVE_PROJECT=local\n",
        "keep": ["MEMORY_ACTIVE_PROJECT"],
    }


def converge(request: dict[str, Any], apply: bool = True) -> list[str]:
    report = Report()
    configuration.converge(request, report, apply)
    return report.changes


@pytest.mark.parametrize("password", AWKWARD)
def test_postgresql_accepts_the_password_of_a_verifier(database: Database, password: str):
    role = f"scram_{abs(hash(password))}"
    database.query(f"CREATE ROLE {role} LOGIN PASSWORD {literal(scram.verifier(password))}")
    try:
        database.query(f"GRANT CONNECT ON DATABASE {identifier(database.name)} TO {role}")
        with psycopg.connect(database.url, user=role, password=password) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (role,)
        stored = database.query(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'")[0][0]
        assert scram.matches(password, stored)
        assert not scram.matches(password + "x", stored)
    finally:
        database.query(f"REVOKE ALL ON DATABASE {identifier(database.name)} FROM {role}")
        database.query(f"DROP ROLE {role}")


def test_a_verifier_that_postgresql_made_is_recognised(database: Database):
    database.query("CREATE ROLE made_by_server PASSWORD 'пароль'")
    try:
        stored = database.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'made_by_server'")[0][0]
        assert scram.matches("пароль", stored)
    finally:
        database.query("DROP ROLE made_by_server")


def test_no_password_and_md5_match_nothing():
    assert not scram.matches("x", None)
    assert not scram.matches("x", "md5abc")


@pytest.mark.parametrize("password", AWKWARD)
def test_the_files_log_in_with_any_password(request_for: dict[str, Any], database: Database, password: str):
    role = identifier(request_for["role"])
    database.query(f"CREATE ROLE {role} LOGIN PASSWORD {literal(scram.verifier(password))}")
    try:
        database.query(f"GRANT CONNECT ON DATABASE {identifier(database.name)} TO {role}")
        converge({**request_for, "password": password})
        url = json.loads(Path(request_for["projects_file"]).read_text())["local"]["databaseUrl"]
        with psycopg.connect(url) as connection:  # libpq reads the URL
            assert connection.execute("SELECT current_user").fetchone() == (request_for["role"],)
        place = {"host": "localhost", "port": request_for["port"], "dbname": request_for["database"]}
        with psycopg.connect(**place, user=request_for["role"], passfile=request_for["passfile"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert credential.find(request_for) == password
    finally:
        database.query(f"REVOKE ALL ON DATABASE {identifier(database.name)} FROM {role}")
        database.query(f"DROP ROLE {role}")


def test_the_second_run_changes_nothing(request_for: dict[str, Any]):
    assert converge({**request_for, "password": "pw"})
    assert converge(request_for) == []


def test_a_check_changes_nothing(request_for: dict[str, Any]):
    assert converge({**request_for, "password": "pw"}, apply=False)
    assert not Path(request_for["config_dir"]).exists()


def test_other_projects_keys_and_comments_are_kept(request_for: dict[str, Any]):
    Path(request_for["projects_file"]).parent.mkdir(parents=True)
    other = {"production": {"databaseUrl": "postgresql://u:p@prod/db", "note": "ours"}}
    Path(request_for["projects_file"]).write_text(json.dumps(other))
    Path(request_for["env_file"]).write_text("# mine\nOPENAI_API_KEY=sk-1\nexport MEMORY_BACKEND=other\nX=1\n")
    converge({**request_for, "password": "pw"})
    assert json.loads(Path(request_for["projects_file"]).read_text())["production"] == other["production"]
    text = Path(request_for["env_file"]).read_text()
    assert text == "# mine\nOPENAI_API_KEY=sk-1\nMEMORY_BACKEND=postgres\nX=1\nMEMORY_ACTIVE_PROJECT=local\n"
    assert json.loads(Path(request_for["projects_file"] + ".bak").read_text()) == other


def test_a_project_that_the_user_made_active_stays_so(request_for: dict[str, Any]):
    converge({**request_for, "password": "pw"})
    env = Path(request_for["env_file"])
    env.write_text(env.read_text().replace("ACTIVE_PROJECT=local", "ACTIVE_PROJECT=production"))
    assert converge(request_for) == []
    assert "MEMORY_ACTIVE_PROJECT=production" in env.read_text()


def test_a_projects_file_that_is_not_json_is_left_alone(request_for: dict[str, Any]):
    Path(request_for["projects_file"]).parent.mkdir(parents=True)
    Path(request_for["projects_file"]).write_text('{"production": {"databaseUrl": }')
    with pytest.raises(Trouble) as caught:
        converge({**request_for, "password": "pw"})
    assert "not JSON" in caught.value.seen
    assert Path(request_for["projects_file"]).read_text() == '{"production": {"databaseUrl": }'


def test_nobody_else_can_read_the_secrets(request_for: dict[str, Any]):
    converge({**request_for, "password": "pw"})
    modes = {
        n: stat.S_IMODE(Path(request_for[n]).stat().st_mode) for n in ("projects_file", "env_file", "passfile")
    }
    assert modes == {"projects_file": 0o640, "env_file": 0o640, "passfile": 0o600}


def test_a_wrong_mode_is_put_right(request_for: dict[str, Any]):
    converge({**request_for, "password": "pw"})
    Path(request_for["env_file"]).chmod(0o644)
    assert converge(request_for) == [f"{request_for['env_file']} mode 0644 → 0640"]
    assert stat.S_IMODE(Path(request_for["env_file"]).stat().st_mode) == 0o640


def test_the_registry_wins_over_the_password_file(request_for: dict[str, Any]):
    converge({**request_for, "password": "old"})
    url = credential.place(request_for).url("new")
    Path(request_for["projects_file"]).write_text(json.dumps({"local": {"databaseUrl": url}}))
    assert credential.find(request_for) == "new"
    converge(request_for)
    assert Path(request_for["passfile"]).read_text().splitlines()[0].endswith(":new")


def test_a_url_of_another_server_is_not_taken_for_ours(request_for: dict[str, Any]):
    Path(request_for["projects_file"]).parent.mkdir(parents=True)
    url = credential.place(request_for).url("theirs").replace("localhost", "db.example.com")
    Path(request_for["projects_file"]).write_text(json.dumps({"local": {"databaseUrl": url}}))
    assert credential.find(request_for) is None
