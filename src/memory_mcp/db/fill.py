"""Runs pg_restore as the application's role: what only an administrator may create is there already."""

from __future__ import annotations

import tempfile
from pathlib import Path

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import pgtools
from memory_mcp.db.connect import connect
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


def fill(target: DatabaseTarget, path: Path, major: int, entries: list[str], *, replace: bool = False) -> None:
    """Restores `entries` of the backup into the database of `target`, all of them or none, in one transaction.

    Raises RefusedError unless the database is empty; with `replace`, what the backup holds is dropped first.
    """
    with connect(target, "looking at the database") as connection:
        schemas = [row[0] for row in connection.execute(_EXTENSION_SCHEMAS).fetchall()]
        full = None if replace else connection.execute(_FULL).fetchone()
    if full:
        raise RefusedError(
            f"{target.parsed.database} is not empty", f"it holds {full[0]}", "name a new, empty database"
        )
    options = ["--single-transaction", "--no-owner", "--exit-on-error"]
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "list"  # names of objects, nothing secret
        listing.write_text("\n".join(ours(entries, schemas)) + "\n", encoding="utf-8")
        program = pgtools.find("pg_restore", major)
        clean = ["--clean", "--if-exists"] if replace else []
        pgtools.run([program, *options, *clean, f"--use-list={listing}", str(path)], target)


def ours(entries: list[str], schemas: list[str]) -> list[str]:
    """Without what only an administrator may create; `schemas` are those of extensions."""
    kinds = [*_ADMINISTRATORS]
    for schema in schemas:
        kinds += [f" SCHEMA - {schema} ", f" - SCHEMA {schema} "]
    return [entry for entry in entries if not any(kind in entry for kind in kinds)]
