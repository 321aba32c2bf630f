"""Sample data: the file `migrations/seeds/01_test_data.sql`, and its removal."""

from __future__ import annotations

from pathlib import Path

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import files, sqlfile
from memory_mcp.db.connect import Connection, connect

PROJECT = "test"
# children first, so that nothing is counted twice by a cascade
TABLES = ("memory_usage_log", "memory_relationships", "memories", "memory_indexes")


def seed(target: DatabaseTarget, folder: Path | None = None) -> dict[str, int]:
    """Runs the file in one transaction; returns the number of rows of project `test` for each table."""
    path = (folder or files.folder()) / files.SEED
    statements = sqlfile.split(sqlfile.normalise(path.read_bytes(), path.name), path.name)
    with connect(target, "adding the sample data") as connection, connection.transaction():
        for statement in statements:
            connection.execute(statement.text.encode())
        return {table: _count(connection, table) for table in TABLES}


def unseed(target: DatabaseTarget) -> dict[str, int]:
    """Removes every row of project `test`, the log's too; returns how many for each table."""
    with connect(target, "removing the sample data") as connection, connection.transaction():
        # the foreign keys of the log are set to null by the other deletes: it goes first
        return {
            table: connection.execute(f"DELETE FROM {table} WHERE project = %s".encode(), [PROJECT]).rowcount  # noqa: S608
            for table in TABLES
        }


def _count(connection: Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table} WHERE project = %s".encode(), [PROJECT]).fetchone()  # noqa: S608
    return int(row[0]) if row else 0
