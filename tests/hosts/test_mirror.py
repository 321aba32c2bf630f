"""The package mirror: PGDG's names, signatures and packages, GitHub's tarballs, and their failures."""

from __future__ import annotations

import hashlib
import subprocess
from typing import Any

import pytest

from tests.hosts.bed.machine import Machine
from tests.hosts.bed.mirror import Mirror
from tests.hosts.bed.tarballs import PGVECTOR, SHA256
from tests.hosts.conftest import Machines

PYTHON_FREE_GET = "openssl s_client -quiet -verify_return_error -connect {host}:443 -servername {host}"
KEY = "/etc/apt/keyrings/pgdg.asc"
SOURCES = f"""Types: deb
URIs: https://apt.postgresql.org/pub/repos/apt
Suites: bookworm-pgdg
Components: main
Signed-By: {KEY}
"""
UPDATE = "apt-get update -o Dir::Etc::sourcelist=/dev/null -o Acquire::Retries=0 2>&1"


def with_repository(machine: Machines, mirror: Mirror) -> Machine:
    key = mirror.apt_key.read_text()
    return machine("debian12", pgdg=True, files={KEY: key, "/etc/apt/sources.list.d/pgdg.sources": SOURCES})


def test_machine_verifies_and_installs_from_pgdg(machine: Machines, mirror: Mirror) -> None:
    m = with_repository(machine, mirror)
    update = m.run("apt-get update -qq")
    assert update.returncode == 0, update.stderr
    versions = m.run("apt-cache policy postgresql-15 postgresql-15-pgvector | grep Candidate").stdout
    assert versions.count(".pgdg12+1") == 2, versions
    assert m.run("apt-get install -y -qq libpq5").returncode == 0
    assert m.run("dpkg-query -W -f '${Version}' libpq5").stdout.endswith(".pgdg12+1")
    assert [r.status for r in mirror.requests(r"pool/main/libpq5_.*\.deb")] == [200]


@pytest.mark.hosts("all")
def test_machine_without_the_key_refuses_the_repository(machine: Machines, mirror: Mirror) -> None:
    m = with_repository(machine, mirror)
    m.run(f"rm {KEY}")
    update = m.run(UPDATE)
    assert "NO_PUBKEY" in update.stdout


@pytest.mark.hosts("all")
def test_machine_that_was_not_offered_pgdg_does_not_reach_it(machine: Machines, mirror: Mirror) -> None:
    with_repository(machine, mirror)
    other = machine("debian12")
    assert other.run("exec 3<>/dev/tcp/apt.postgresql.org/443").returncode != 0


@pytest.mark.hosts("all")
def test_key_is_served_where_pgdg_publishes_it(machine: Machines, mirror: Mirror) -> None:
    m = machine("debian12", pgdg=True)
    got = get(m, "www.postgresql.org", "/media/keys/ACCC4CF8.asc")
    assert mirror.apt_key.read_text() in got
    [request] = mirror.requests("ACCC4CF8")
    assert (request.client, request.host) == (m.ip, "www.postgresql.org")


def test_github_redirects_to_the_released_tarball(machine: Machines, mirror: Mirror) -> None:
    m = machine("debian12", github=True)
    answer = get(m, "github.com", f"/pgvector/pgvector/archive/refs/tags/v{PGVECTOR}.tar.gz")
    path = f"/pgvector/pgvector/tar.gz/refs/tags/v{PGVECTOR}"
    assert f"Location: https://codeload.github.com{path}" in answer
    served = subprocess.run(
        ["ssh", "-F", m.ssh_config, f"root@{m.ip}", getter("codeload.github.com", path)],
        capture_output=True,
        check=False,
    ).stdout
    body = served.split(b"\r\n\r\n", 1)[1]
    assert hashlib.sha256(body).hexdigest() == SHA256


@pytest.mark.hosts("all")
def test_server_that_fails_twice_then_works(machine: Machines, mirror: Mirror) -> None:
    m = with_repository(machine, mirror)
    with mirror.fault("pgdg/InRelease", status=503, times=2):
        update = m.run("apt-get update -qq -o Acquire::Retries=3")
    assert update.returncode == 0, update.stderr
    assert [r.status for r in mirror.requests("pgdg/InRelease")] == [503, 503, 200]


@pytest.mark.hosts("all")
@pytest.mark.parametrize(("edition", "said"), [("future", "is not valid yet"), ("expired", "is expired")])
def test_repository_of_another_time_is_refused(
    machine: Machines, mirror: Mirror, edition: str, said: str
) -> None:
    m = with_repository(machine, mirror)
    with mirror.fault("dists/", edition=edition):
        assert said in m.run(UPDATE).stdout
    assert m.run("apt-get update -qq").returncode == 0


@pytest.mark.hosts("all")
@pytest.mark.parametrize(
    ("fault", "said"), [({"cut": 1000}, "Failed to fetch"), ({"corrupt": True}, "Hash Sum mismatch")]
)
def test_damaged_package_is_not_installed(
    machine: Machines, mirror: Mirror, fault: dict[str, Any], said: str
) -> None:
    m = with_repository(machine, mirror)
    m.run("apt-get update -qq")
    with mirror.fault(r"libpq5_.*\.deb", **fault):
        install = m.run("apt-get install -y -o Acquire::Retries=0 libpq5 2>&1")
    assert install.returncode != 0
    assert said in install.stdout
    assert m.run("dpkg-query -W libpq5").returncode != 0


@pytest.mark.hosts("all")
def test_slow_answer_arrives_late(machine: Machines, mirror: Mirror) -> None:
    m = machine("debian12", pgdg=True)
    ask = getter("www.postgresql.org", "/media/keys/ACCC4CF8.asc")
    with mirror.fault("ACCC4CF8", delay=4):
        assert m.run(f"timeout 2 {ask}").returncode == 124
    assert "END PGP PUBLIC KEY" in m.run(f"timeout 60 {ask}").stdout


def getter(host: str, path: str) -> str:
    """A shell command that prints the answer to a GET over https, on a machine without curl."""
    request = f"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n"
    return f"sh -c \"printf '{request}' | {PYTHON_FREE_GET.format(host=host)} 2>/dev/null\""


def get(machine: Machine, host: str, path: str) -> str:
    return machine.run(getter(host, path)).stdout.replace("\r\n", "\n")
