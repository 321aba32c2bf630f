"""Databases for tests: real ones, each fresh, each owned by a role that is no superuser."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_mcp.config import Settings
from memory_mcp.db import runner, seed
from tests.integration import postgres
from tests.integration.postgres import Database, Server

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see no database, key or project of whoever runs them."""
    for name in [*os.environ]:
        ours = name.startswith(("MEMORY_", "OPENAI_", "PG")) or name == "DATABASE_URL"
        if ours and not name.startswith("MEMORY_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One PostgreSQL >= 15 with pgvector for the whole session."""
    with postgres.running() as running:
        yield running


@pytest.fixture
def bare_database(server: Server) -> Iterator[Database]:
    """A fresh database without any extension."""
    yield from _fresh(server, "template1")


@pytest.fixture(scope="session")
def _with_extensions(server: Server) -> str:
    """A template whose extensions the administrator made, as on a provisioned host."""
    database = server.create("template_extensions")
    database.query("CREATE EXTENSION vector")
    if database.query("SELECT FROM pg_available_extensions WHERE name = 'pgcrypto'"):
        database.query("CREATE EXTENSION pgcrypto")
    return database.name


@pytest.fixture
def database(server: Server, _with_extensions: str) -> Iterator[Database]:
    """A fresh database with the extensions and nothing else."""
    yield from _fresh(server, _with_extensions)


@pytest.fixture(scope="session")
def _with_schema(server: Server, _with_extensions: str) -> str:
    """A template with every migration applied by our runner."""
    database = server.create("template_migrated", _with_extensions)
    runner.migrate(database.target)
    return database.name


@pytest.fixture
def migrated(server: Server, _with_schema: str) -> Iterator[Database]:
    """A fresh database with every migration applied."""
    yield from _fresh(server, _with_schema)


@pytest.fixture
def servers_own_programs(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and its kind are those of the server that the tests started."""
    monkeypatch.setenv("MEMORY_PG_BIN", str(server.bin))


@pytest.fixture
def seeded(migrated: Database) -> Database:
    """One with the sample data."""
    seed.seed(migrated.target)
    return migrated


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a backup may go."""
    return tmp_path / "my.dump"


def _fresh(server: Server, template: str) -> Iterator[Database]:
    database = server.create(f"test_{next(_numbers)}", template)
    yield database
    server.drop(database.name)


@pytest.fixture
def known(migrated: Database, tmp_path: Path) -> Settings:
    """Settings of a server over a fresh database."""
    from tests.integration.serving import settings

    return settings(migrated.url, tmp_path)
