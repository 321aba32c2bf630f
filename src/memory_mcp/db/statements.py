"""Running one statement of a migration, and saying where it stands when it fails."""

from __future__ import annotations

import psycopg

from memory_mcp.db import explain
from memory_mcp.db.connect import Connection
from memory_mcp.db.migration import Migration
from memory_mcp.db.sqlfile import Statement
from memory_mcp.errors import MemoryMcpError


class StatementError(Exception):
    """A statement of a migration failed with `cause`."""

    def __init__(self, statement: Statement, cause: psycopg.Error) -> None:
        super().__init__(str(cause))
        self.statement, self.cause = statement, cause

    def explained(self, migration: Migration) -> MemoryMcpError:
        """The error for people: file, line, and what became of the migration."""
        diag = self.cause.diag
        before = int(diag.statement_position or 1) - 1
        line = self.statement.line + self.statement.text.count("\n", 0, before)
        text = "\n".join(filter(None, [diag.message_primary or str(self.cause), diag.message_detail]))
        error = explain.running(self.cause.sqlstate, text, f"{migration.file_name}, line {line}")
        if migration.transactional:
            after = "nothing of this file was applied"
        else:
            after = "the statements before it are applied"
        error.why = f"{error.why}; {after}" if error.why else after
        error.fix = error.fix or "correct the file, then run: memory-mcp db migrate"
        return error


def execute(connection: Connection, statement: Statement) -> None:
    """Runs one statement; raises StatementError."""
    try:
        connection.execute(statement.text.encode())
    except psycopg.Error as error:
        raise StatementError(statement, error) from error
