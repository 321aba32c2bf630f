"""Connecting: encryption that is real, refusals that are understood, servers that are too old."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import connect
from memory_mcp.errors import ConfigurationError, RefusedError
from tests.integration import postgres
from tests.integration.postgres import Server
from tests.needs import missing


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(server: Server) -> Path:
    """A folder with a certificate for 127.0.0.1 by a private CA, which the server will use."""
    if not shutil.which("openssl"):
        missing("openssl")
    folder = server.folder / "tls"
    folder.mkdir()
    days = ["-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl(folder, "req", "-x509", *days, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=private CA")
    openssl(folder, "req", "-x509", *days, "-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=other CA")
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key"]
    certificate = ["-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=server"]
    openssl(folder, "req", "-x509", *days, *signed, *certificate, *names)
    identity = postgres.unprivileged()
    key = folder / "server.key"
    key.chmod(0o600)
    if identity:
        shutil.chown(key, identity["user"], identity["group"])
    server.query(f"ALTER SYSTEM SET ssl_cert_file = '{folder / 'server.pem'}'")
    server.query(f"ALTER SYSTEM SET ssl_key_file = '{key}'")
    return folder


@pytest.fixture
def authority(server: Server, certificates: Path) -> Iterator[Path]:
    """The same folder, while the server speaks TLS."""
    _switch(server, "on")
    yield certificates
    _switch(server, "off")


def _switch(server: Server, state: str) -> None:
    server.query(f"ALTER SYSTEM SET ssl = {state}")
    server.query("SELECT pg_reload_conf()")
    for _ in range(100):
        if server.query("SHOW ssl") == [(state,)]:
            return
    pytest.fail(f"the server did not switch ssl {state}")


def with_parameters(target: DatabaseTarget, **parameters: str) -> DatabaseTarget:
    return replace(target, url=target.parsed.with_parameters(**parameters).text)


ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def test_a_private_ca_is_checked_in_full(database, authority):
    target = with_parameters(database.target, sslmode="verify-full", sslrootcert=str(authority / "ca.pem"))
    with connect.connect(target) as connection:
        assert connection.execute(ENCRYPTED).fetchone() == (True,)


@pytest.mark.parametrize("parameters", [{}, {"sslrootcert": "{0}/other.pem"}, {"sslrootcert": "system"}])
def test_another_ca_is_refused_and_the_fix_names_the_parameter(database, authority, parameters):
    chosen = {key: value.format(authority) for key, value in parameters.items()}
    target = with_parameters(database.target, sslmode="verify-full", **chosen)
    with pytest.raises(ConfigurationError) as caught, connect.connect(target):
        pass
    assert "sslrootcert" in caught.value.fix


def test_another_host_name_is_refused(database, authority):
    url = replace(database.target.parsed, hosts=(("localhost", database.server.port),)).text
    target = DatabaseTarget("test", url, "test")
    target = with_parameters(target, sslmode="verify-full", sslrootcert=str(authority / "ca.pem"))
    with pytest.raises(ConfigurationError) as caught, connect.connect(target):
        pass
    assert "host name" in caught.value.why


def test_a_server_without_tls_says_how_to_go_on(database):
    with (
        pytest.raises(ConfigurationError) as caught,
        connect.connect(with_parameters(database.target, sslmode="require")),
    ):
        pass
    assert "sslmode=disable" in caught.value.fix


@pytest.mark.parametrize(
    ("change", "seen"),
    [({"database": "nowhere"}, "no such database"), ({"user": "nobody_here"}, "password")],
)
def test_a_wrong_name_is_a_mistake_in_the_settings(database, change, seen):
    target = replace(database.target, url=replace(database.target.parsed, **change).text)
    with pytest.raises(ConfigurationError) as caught, connect.connect(target):
        pass
    assert seen in caught.value.why
    assert database.server.app_password not in str(caught.value)


def test_a_server_before_15_is_refused():
    old = SimpleNamespace(info=SimpleNamespace(server_version=140012))
    with pytest.raises(RefusedError, match="PostgreSQL 14"):
        connect.check_server(old)
