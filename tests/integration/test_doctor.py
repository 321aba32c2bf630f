"""`memory-mcp doctor` on databases with one thing wrong at a time."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from memory_mcp.cli import main

ORDER = [
    *("embeddings", "settings", "dns", "tcp", "login", "tls", "pooler"),
    *("server", "extension", "rights", "schema", "dimensions", "room"),
]


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def call(url, *arguments, **variables):
        return CliRunner().invoke(main, ["doctor", *arguments], env={"DATABASE_URL": url, **variables})

    return call


def report(result) -> dict[str, dict[str, str]]:
    return {check["id"]: check for check in json.loads(result.stdout)["checks"]}


def test_a_healthy_installation_passes_every_check_in_order(run, migrated):
    result = run(migrated.url, "--json")
    assert result.exit_code == 0
    assert list(report(result)) == ORDER
    assert {check["verdict"] for check in report(result).values()} <= {"ok", "warn"}
    assert migrated.server.app_password not in result.stdout
    assert run(migrated.url).stdout.splitlines()[-1] in {"all is well", "failed: 0, warnings: 1"}


@pytest.mark.parametrize(
    ("url", "broken", "code"),
    [
        ("nonsense", "settings", 2),
        ("postgresql://u:hunter2@no-such-host.invalid/d", "dns", 3),
        ("postgresql://u:hunter2@127.0.0.1:1/d", "tcp", 3),
    ],
)
def test_what_depends_on_a_failure_is_skipped(run, url, broken, code):
    result = run(url, "--json")
    checks = report(result)
    assert result.exit_code == code
    assert checks[broken]["verdict"] == "fail"
    assert checks[broken]["fix"]
    after = ORDER[ORDER.index(broken) + 1 :]
    assert [checks[name]["verdict"] for name in after] == ["skip"] * len(after)
    assert "hunter2" not in result.output


def test_a_wrong_password_is_a_failed_login(run, migrated):
    result = run(migrated.url.replace(migrated.server.app_password, "hunter2"), "--json")
    assert report(result)["login"]["verdict"] == "fail"
    assert report(result)["tcp"]["verdict"] == "ok"
    assert result.exit_code == 3


def test_a_missing_extension_tells_the_administrator_what_to_run(run, bare_database):
    checks = report(run(bare_database.url, "--json"))
    assert "CREATE EXTENSION vector" in checks["extension"]["fix"]
    assert (checks["schema"]["verdict"], checks["dimensions"]["verdict"]) == ("skip", "skip")
    assert checks["room"]["verdict"] == "ok"


def test_an_extension_out_of_sight_is_named(run, bare_database):
    bare_database.query("CREATE SCHEMA hidden")
    bare_database.query("CREATE EXTENSION vector SCHEMA hidden")
    assert "hidden" in report(run(bare_database.url, "--json"))["extension"]["seen"]


@pytest.mark.parametrize(
    ("breakage", "check", "verdict", "text"),
    [
        ("DROP SCHEMA memory_mcp CASCADE", "schema", "fail", "db baseline"),
        ("DROP INDEX idx_memories_tags", "schema", "fail", "db verify"),
        ("ALTER ROLE memory_user SUPERUSER", "rights", "warn", "owns this database"),
        ("ALTER DATABASE {0} SET default_transaction_read_only = on", "server", "fail", "primary"),
        ("ALTER DATABASE {0} OWNER TO postgres", "rights", "warn", "OWNER TO"),
    ],
)
def test_one_thing_wrong_is_one_line_that_mends_it(run, migrated, breakage, check, verdict, text):
    migrated.query(breakage.format(f'"{migrated.name}"'))
    try:
        found = report(run(migrated.url, "--json"))[check]
    finally:
        migrated.server.query("ALTER ROLE memory_user NOSUPERUSER")
    assert found["verdict"] == verdict
    assert text in found["fix"]


def test_an_empty_database_wants_its_migrations(run, database):
    assert report(run(database.url, "--json"))["schema"]["fix"] == "memory-mcp db migrate"


def test_a_model_that_does_not_fit_the_column(run, migrated):
    result = run(
        migrated.url,
        "--json",
        OPENAI_API_KEY="sk-hunter2hunter2",
        MEMORY_EMBEDDING_MODEL="text-embedding-3-large",
    )
    assert "3072" in report(result)["dimensions"]["why"]
    assert "hunter2" not in result.output


def test_warnings_fail_only_when_strict(run, migrated):
    arguments = {"MEMORY_EMBEDDING_PROVIDER": "hashed"}
    assert run(migrated.url, **arguments).exit_code == 0
    assert run(migrated.url, "--strict", **arguments).exit_code == 1
