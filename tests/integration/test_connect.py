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
from tests.needs import missing


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for 127.0.0.1 by a private CA, and another CA."""
    if not shutil.which("openssl"):
        missing("openssl")
    folder = tmp_path_factory.mktemp("tls")
    days = ["-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl(folder, "req", "-x509", *days, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=private CA")
    openssl(folder, "req", "-x509", *days, "-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=other CA")
    names = ["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1"]
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key"]
    openssl(folder, "req", "-x509", *days, *signed, "-keyout", "server.key", "-out", "server.pem", *names)
    return folder


@pytest.fixture(scope="module")
def encrypted(authority: Path) -> Iterator[DatabaseTarget]:
    """A database on a server of its own that speaks TLS; the server in the wheel is built without it."""
    programs = postgres.installed()
    if not programs:
        missing("an installed PostgreSQL (Debian: apt-get install postgresql)")
    with postgres.running(programs[-1]) as server:
        identity = postgres.unprivileged()
        for name in ("server.pem", "server.key"):
            copy = Path(shutil.copy(authority / name, server.folder))
            copy.chmod(0o600)
            if identity:
                shutil.chown(copy, identity["user"], identity["group"])
        server.query(f"ALTER SYSTEM SET ssl_cert_file = '{server.folder}/server.pem'")
        server.query(f"ALTER SYSTEM SET ssl_key_file = '{server.folder}/server.key'")
        server.query("ALTER SYSTEM SET ssl = on")
        server.query("SELECT pg_reload_conf()")
        while server.query("SHOW ssl") != [("on",)]:
            pass
        yield server.create("encrypted").target


def with_parameters(target: DatabaseTarget, **parameters: str) -> DatabaseTarget:
    return replace(target, url=target.parsed.with_parameters(**parameters).text)


ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def test_a_private_ca_is_checked_in_full(encrypted, authority):
    target = with_parameters(encrypted, sslmode="verify-full", sslrootcert=str(authority / "ca.pem"))
    with connect.connect(target) as connection:
        assert connection.execute(ENCRYPTED).fetchone() == (True,)


@pytest.mark.parametrize("parameters", [{}, {"sslrootcert": "{0}/other.pem"}, {"sslrootcert": "system"}])
def test_another_ca_is_refused_and_the_fix_names_the_parameter(encrypted, authority, parameters):
    chosen = {key: value.format(authority) for key, value in parameters.items()}
    target = with_parameters(encrypted, sslmode="verify-full", **chosen)
    with pytest.raises(ConfigurationError) as caught, connect.connect(target):
        pass
    assert "sslrootcert" in caught.value.fix


def test_another_host_name_is_refused(encrypted, authority):
    url = replace(encrypted.parsed, hosts=(("localhost", encrypted.parsed.port),)).text
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
