"""Runs pg_restore as the application's role: what only an administrator may create is there already."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import pgtools
from memory_mcp.db.connect import connect
from memory_mcp.db.pgtools import Progress
from memory_mcp.errors import RefusedError

# what only an administrator may create, and what belongs to the database as a whole
_ADMINISTRATORS = (" EXTENSION ", " COMMENT - EXTENSION ", " DATABASE ", " DATABASE PROPERTIES ")
_EXTENSION_SCHEMAS = """
SELECT DISTINCT nspname::text FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace
WHERE nspname NOT IN ('pg_catalog', 'public')
"""
_FULL = """
SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND relkind IN ('r', 'p', 'v', 'm', 'S')
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e') LIMIT 1
"""


@dataclass(frozen=True)
class Source:
    """A backup that was looked at: its entries, the server's major version, and who hears of progress."""

    path: Path
    major: int
    entries: list[str]
    progress: Progress | None = None

    def restore(self, target: DatabaseTarget, *options: str) -> None:
        """Runs pg_restore. Raises MemoryMcpError at its first error."""
        program = pgtools.find("pg_restore", self.major)
        pgtools.run([program, "--exit-on-error", *options, str(self.path)], target, progress=self.progress)


def fill(target: DatabaseTarget, source: Source, *, replace: bool = False) -> None:
    """Restores the entries of the backup into the database of `target` in one transaction.

    Raises RefusedError unless the database is empty; with `replace`, what the backup holds is dropped first.
    """
    with connect(target, "looking at the database") as connection:
        schemas = [row[0] for row in connection.execute(_EXTENSION_SCHEMAS).fetchall()]
        full = None if replace else connection.execute(_FULL).fetchone()
    if full:
        raise RefusedError(
            f"{target.parsed.database} is not empty", f"it holds {full[0]}", "name a new, empty database"
        )
    options = ["--single-transaction", "--no-owner", *(["--clean", "--if-exists"] if replace else [])]
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "list"  # names of objects, nothing secret
        listing.write_text("\n".join(ours(source.entries, schemas)) + "\n", encoding="utf-8")
        source.restore(target, *options, f"--use-list={listing}")


def ours(entries: list[str], schemas: list[str]) -> list[str]:
    """Without what only an administrator may create; `schemas` are those of extensions."""
    kinds = [*_ADMINISTRATORS]
    for schema in schemas:
        kinds += [f" SCHEMA - {schema} ", f" - SCHEMA {schema} "]
    return [entry for entry in entries if not any(kind in entry for kind in kinds)]
