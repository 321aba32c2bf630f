"""What a provisioned machine has to be, read back with testinfra, psql and plain commands."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.hosts.bed import el
from tests.hosts.bed.machine import Machine

SOCKET = "/var/run/postgresql"  # a psql that is not the distribution's looks elsewhere
BETWEEN = "-- next --"
# Files that the main job makes, as a person would look for them.
TRACES = (
    "ls -d /opt/memory-mcp /etc/memory-mcp /usr/local/bin/memory-mcp /var/cache/memory-mcp /var/lib/memory-mcp "
    "/etc/apt/sources.list.d/memory-mcp* /usr/share/keyrings/memory-mcp* /etc/yum.repos.d/memory-mcp* "
    "/etc/pki/rpm-gpg/memory-mcp* 2>/dev/null"
)


def look(machine: Machine, command: str, input: str | None = None) -> str:  # noqa: A002
    """What a command that must work prints there."""
    return machine.run(command, input=input, check=True).stdout


def sql(machine: Machine, statement: str, database: str = "memory_default", port: int = 5432) -> list[str]:
    """Rows of a query, asked by the administrator with the machine's own psql."""
    ask = f"cd / && su postgres -s /bin/sh -c 'psql -XAtq -h {SOCKET} -p {port} -d {database} -f -'"
    return look(machine, ask, input=statement).splitlines()


def answers(
    machine: Machine, *statements: str, database: str = "memory_default", port: int = 5432
) -> list[list[str]]:
    """Rows of each of several queries, in one session: starting psql costs more than all that it is asked."""
    text = "".join(f"{statement};\n\\echo {BETWEEN}\n" for statement in statements)
    rows: list[list[str]] = [[]]
    for line in sql(machine, text, database, port):
        if line == BETWEEN:
            rows.append([])
        else:
            rows[-1].append(line)
    return rows[:-1]


def registry(machine: Machine) -> dict[str, Any]:
    """projects.json."""
    return dict(json.loads(look(machine, "cat /etc/memory-mcp/config/projects.json")))


def password(machine: Machine) -> str:
    """The application role's password."""
    return unquote(urlsplit(registry(machine)["local"]["databaseUrl"]).password or "")


def assert_provisioned(machine: Machine, major: int, systemd: bool = True, port: int = 5432) -> None:
    """The whole contract of the main job."""
    host = machine.testinfra()
    assert_server(machine, host, major, systemd, port)
    assert_database(machine, port)
    assert_files(host)
    assert_usable(machine, port)


def assert_works_after_a_reboot(machine: Machine, major: int) -> None:
    """What ran runs again, on the same terms, with the same content; a real client can use it."""
    machine.reboot()
    machine.run("systemctl is-system-running --wait")
    host = machine.testinfra()
    assert_server(machine, host, major, systemd=True)
    assert_database(machine)
    assert_files(host)
    assert json.loads(look(machine, "memory-mcp smoke --json"))["ok"]


def assert_server(machine: Machine, host: Any, major: int, systemd: bool, port: int = 5432) -> None:
    """Installed, running now and after a reboot, on loopback only, SCRAM for everyone who comes by TCP."""
    release = el.RELEASES.get(machine.made.image)
    package = f"postgresql{major}-server" if release else f"postgresql-{major}"
    assert host.package(package).version.startswith(f"{major}.")
    if systemd:
        unit = f"postgresql-{major}" if release and release.pgdg else "postgresql"
        assert host.service(unit if release else f"postgresql@{major}-main").is_running
        assert host.service(unit).is_enabled
    listeners = look(machine, f"ss -ltnH 'sport = :{port}' | awk '{{print $4}}' | sort").split()
    assert listeners == [f"127.0.0.1:{port}", f"[::1]:{port}"]
    encryption, methods = answers(
        machine,
        "SHOW password_encryption",
        "SELECT DISTINCT auth_method FROM pg_hba_file_rules WHERE type <> 'local'",
        database="postgres",
        port=port,
    )
    assert encryption == ["scram-sha-256"]
    assert methods == ["scram-sha-256"]


def assert_database(machine: Machine, port: int = 5432) -> None:
    """The role's rights, the owner, the extensions, the schema."""
    role, owner, extensions, tables, indexes, kept, memories, used = answers(
        machine,
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin, rolpassword "
        "FROM pg_authid WHERE rolname = 'memory_user'",
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database "
        "WHERE datname = current_database()",
        "SELECT extname, extversion FROM pg_extension ORDER BY 1",
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
        "SELECT indexname FROM pg_indexes WHERE tablename = 'memories'",
        "SELECT project, name FROM memory_indexes",
        "SELECT count(*) FROM memories",
        "SELECT count(*) FROM memory_usage_log",
        port=port,
    )
    [row] = role
    assert row.startswith("f|f|f|f|f|t|SCRAM-SHA-256$")
    assert owner == ["memory_user|UTF8"]
    assert [line.split("|")[0] for line in extensions] == ["pgcrypto", "plpgsql", "vector"]
    assert tuple(map(int, extensions[2].split("|")[1].split("."))) >= (0, 8, 0)
    assert {"memories", "memory_indexes", "memory_relationships", "memory_usage_log"} <= set(tables)
    assert "idx_memories_embedding_ivfflat" in indexes
    assert kept == ["default|memory"]
    assert (memories, used) == (["0"], ["0"])  # the smoke test left nothing


def assert_files(host: Any) -> None:
    """Who may read what."""
    for path, mode, group in (
        ("/etc/memory-mcp/.env", 0o640, "memory-mcp"),
        ("/etc/memory-mcp/config/projects.json", 0o640, "memory-mcp"),
        ("/etc/memory-mcp/pgpass", 0o600, "root"),
    ):
        file = host.file(path)
        assert (file.mode, file.user, file.group) == (mode, "root", group), path
    assert "MEMORY_BACKEND=postgres" in host.file("/etc/memory-mcp/.env").content_string
    assert host.file("/opt/memory-mcp/current").is_symlink
    assert host.user("memory-mcp").shell == "/usr/sbin/nologin"


def assert_usable(machine: Machine, port: int = 5432) -> None:
    """The role logs in over TCP with the files that were written; the server answers a raw MCP handshake."""
    psql = f"psql -XAtqh localhost -p {port} -U memory_user -d memory_default"
    connect = f"PGPASSFILE=/etc/memory-mcp/pgpass {psql}"
    assert (
        look(machine, f"{connect} -c 'CREATE TABLE t (); DROP TABLE t' -c 'SELECT current_user'")
        == "memory_user\n"
    )
    wrong = f"{psql} -c 'SELECT 1' 2>&1 || true"
    assert "password authentication failed" in look(machine, f"PGPASSWORD=wrong {wrong}")
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    serve = "runuser -u memory-mcp -- timeout 120 memory-mcp serve --env-file /etc/memory-mcp/.env"
    answer = look(machine, serve, input=json.dumps(hello) + "\n")
    assert json.loads(answer.splitlines()[0])["result"]["serverInfo"]["name"]


def commands_run(said: str) -> int:
    """How many commands pyinfra ran on the target, from what -vv prints."""
    return len(re.findall(r">>> ", said))


def assert_gone(machine: Machine) -> None:
    """Nothing of the main job is left but data and backups, and packages that Debian's clusters need."""
    assert look(machine, f"{TRACES} || true") == ""
    assert look(machine, "id memory-mcp || pgrep -x postgres || echo gone") == "gone\n"
    listed = look(machine, "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' || rpm -qa")
    words = [line for line in listed.splitlines() if "postgresql" in line or "pgvector" in line]
    left = [line for line in words if line.endswith(" installed") or line.count(" ") == 0]
    assert [
        line for line in left if not line.startswith(("postgresql-common", "postgresql-client-common"))
    ] == []
