"""What a database looks like to the migrations: read-only, two round trips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import files, ledger, plan
from memory_mcp.db.connect import Connection, connect
from memory_mcp.db.plan import Plan

_LOOK = """
SELECT to_regclass('memory_mcp.migrations') IS NOT NULL, to_regclass('memories') IS NOT NULL
"""


@dataclass(frozen=True)
class Status:
    """State of one database; `plan` compares it with the files."""

    target: DatabaseTarget
    server_version: int
    state: plan.State
    plan: Plan

    def as_json(self) -> dict[str, Any]:
        """For `db status --json`."""
        url = self.target.parsed
        return {
            "ok": True,
            "project": self.target.project,
            "database": url.database,
            "host": url.host,
            "port": url.port,
            "server_version": self.server_version,
            "state": self.state,
            "applied": [
                {
                    "version": str(entry.version),
                    "name": entry.name,
                    "state": entry.state,
                    "at": entry.applied_at.isoformat(),
                    "by": entry.applied_by,
                    "duration_ms": entry.duration_ms,
                }
                for entry in self.plan.applied
            ],
            "pending": [{"version": str(each.version), "name": each.name} for each in self.plan.pending],
            "failed": [
                {"version": str(entry.version), "name": entry.name, "error": entry.error}
                for entry in self.plan.failed
            ],
            "changed": [{"version": str(entry.version), "name": entry.name} for entry, _ in self.plan.changed],
            "missing": [{"version": str(entry.version), "name": entry.name} for entry in self.plan.missing],
        }


def status(target: DatabaseTarget, folder: Path | None = None) -> Status:
    """Looks at the database. Raises what `connect` raises."""
    migrations = files.load(folder)
    with connect(target, "reading the state of the migrations") as connection:
        state, found = look(connection, migrations)
        return Status(target, connection.info.server_version, state, found)


def look(connection: Connection, migrations: files.Files) -> tuple[plan.State, Plan]:
    """The same over an open connection. Tables without a ledger are `unmanaged`: made by hand."""
    row = connection.execute(_LOOK).fetchone()
    managed, tables = row if row else (False, False)
    found = plan.compare(migrations, ledger.read(connection) if managed else [])
    unmanaged = tables and not found.applied and not found.failed
    return ("unmanaged" if unmanaged else found.state), found
