"""The machine of a user who is nobody special, and what is at home there when the main job has run."""

from __future__ import annotations

import json

from tests.hosts.bed.machine import Machine

USER = "ada"
BASE = f"/home/{USER}/.local/share/memory-mcp"
CONFIG = f"/home/{USER}/.config/memory-mcp"
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"
MCP = f"/home/{USER}/.local/bin/memory-mcp"


def furnished(m: Machine) -> Machine:
    """Python is there, and a user without sudo."""
    made = m.run(
        "set -e; apt-get update -qq; "
        f"{INSTALL} python3 python3-venv ca-certificates; "
        f"useradd -m -s /bin/bash {USER}; install -d -m 700 -o {USER} -g {USER} ~{USER}/.ssh; "
        f"install -m 600 -o {USER} -g {USER} ~ops/.ssh/authorized_keys ~{USER}/.ssh/authorized_keys"
    )
    assert made.returncode == 0, made.stderr
    return m


def mine(m: Machine, command: str, input: str | None = None) -> str:  # noqa: A002
    """Output of a command of the user, which has to work."""
    done = m.ssh(command, input=input, user=USER)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def admin(m: Machine, statement: str, database: str = "memory_default") -> list[str]:
    """Rows of a query of the administrator, by the wheel's own psql."""
    login = f"PGPASSFILE={BASE}/postgres/18/pgpass {BASE}/pgsql/bin/psql -XAtqw -h 127.0.0.1 -U postgres"
    return mine(m, f"{login} -p $(cat {BASE}/postgres/port) -d {database} -f -", statement).splitlines()


def state(m: Machine) -> str:
    return str(json.loads(m.ssh(f"{MCP} embedded status --json", user=USER).stdout)["state"])


def assert_whole(m: Machine) -> None:
    """The contract of the main job, as far as it is the same for a user."""
    assert state(m) == "running"
    role = (
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolpassword FROM pg_authid WHERE rolname = 'memory_user'"
    )
    assert admin(m, role)[0].startswith("f|f|f|SCRAM-SHA-256$")
    assert admin(m, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()") == [
        "memory_user"
    ]
    assert admin(m, "SELECT extversion FROM pg_extension WHERE extname = 'vector'") == ["0.8.6"]
    assert admin(m, "SELECT DISTINCT auth_method FROM pg_hba_file_rules") == ["scram-sha-256"]
    assert admin(m, "SELECT count(*) FROM memories") == ["0"]
    modes = mine(m, f"stat -c '%a' {CONFIG}/.env {CONFIG}/config/projects.json {CONFIG}/pgpass {BASE}/postgres")
    assert modes.split() == ["600", "600", "600", "700"]
    assert "up to date" in mine(m, f"{MCP} db status")
