"""Behind PgBouncer in transaction mode, as most hosted databases are reached."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg
import pytest

from memory_mcp.config import DatabaseTarget, load
from memory_mcp.db import files, seed, status, verify
from memory_mcp.db.migration import HEADER
from memory_mcp.db.runner import Request, migrate
from memory_mcp.doctor.run import checkup
from memory_mcp.errors import RefusedError
from tests.integration import postgres
from tests.integration.postgres import Server
from tests.needs import missing

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = 2
"""


@pytest.fixture(scope="module")
def pooler(server: Server) -> Iterator[int]:
    """Port of a PgBouncer with two server connections for each database."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        missing("pgbouncer (Debian: apt-get install pgbouncer)")
    port = postgres.free_port()
    identity = postgres.unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-", dir=server.folder))
    (folder / "users").write_text(f'"{postgres.APP_ROLE}" "{server.app_password}"\n')
    (folder / "ini").write_text(CONFIGURATION.format(server=server.port, port=port, users=folder / "users"))
    if identity:
        for path in (folder, *folder.iterdir()):
            os.chown(path, identity["user"], identity["group"])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "ini")], stderr=log, **identity)
    try:
        connect = partial(socket.create_connection, ("127.0.0.1", port))
        postgres.wait(process, folder / "log", connect, ConnectionRefusedError)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def pooled(database, pooler) -> DatabaseTarget:
    """The database through the pooler."""
    url = replace(database.target.parsed, hosts=(("127.0.0.1", pooler),)).text
    return DatabaseTarget("pooled", url, "test")


def test_everything_works_through_a_transaction_pooler(pooled, database):
    assert len(migrate(pooled)) == 4
    for _ in range(8):  # a prepared statement would fail from the sixth time on
        assert status.status(pooled).state == "current"
    assert verify.verify(pooled).ok
    assert seed.seed(pooled) == seed.unseed(pooled)


def test_concurrent_runners_leave_no_lock_and_no_setting_behind(pooled, database):
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: migrate(pooled), range(6)))
    assert sum(map(len, results)) == 4
    assert database.query("SELECT count(*) FROM memory_mcp.migration_history") == [(4,)]
    assert database.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
    with psycopg.connect(pooled.url, autocommit=True, prepare_threshold=None) as connection:
        for setting in ("lock_timeout", "statement_timeout"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("0",)


def test_a_file_without_transaction_asks_for_the_direct_url(pooled, database, tmp_path: Path):
    (tmp_path / "1_a.sql").write_text(f"{HEADER}\nCREATE INDEX CONCURRENTLY a ON t (b);")
    with pytest.raises(RefusedError) as caught:
        migrate(pooled, Request(folder=tmp_path))
    assert "direct" in caught.value.seen
    assert files.load(tmp_path).migrations[0].label == "1_a"
    assert database.query("SELECT count(*) FROM memory_mcp.migrations") == [(0,)]


def test_the_doctor_sees_the_pooler(pooled):
    found = {result.id: result.seen for result in checkup(load({"DATABASE_URL": pooled.url}))}
    assert "pooler is between" in found["pooler"]
