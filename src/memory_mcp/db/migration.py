"""One migration file: its version, name, checksum and statements, and what it may contain. No I/O."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from memory_mcp.db import sqlfile
from memory_mcp.db.sqlfile import Statement
from memory_mcp.errors import ConfigurationError

HEADER = "-- memory-mcp: no-transaction"
_FILE_NAME = re.compile(r"(?P<version>\d{1,18})_(?P<name>[A-Za-z0-9][A-Za-z0-9_-]*)\.sql")
_TRANSACTION_CONTROL = "BEGIN|START TRANSACTION|COMMIT|END|ABORT|PREPARE TRANSACTION|ROLLBACK(?! TO)"
# Statements that PostgreSQL refuses inside a transaction block.
_NO_TRANSACTION = (
    "CREATE (UNIQUE )?INDEX CONCURRENTLY|DROP INDEX CONCURRENTLY|REINDEX .*CONCURRENTLY|VACUUM|ALTER SYSTEM|"
    "(CREATE|DROP) (DATABASE|TABLESPACE)|ALTER TABLE .*DETACH PARTITION .*CONCURRENTLY"
)
_LOSES_DATA = (
    "DROP (FOREIGN )?TABLE|DROP SCHEMA|DROP (OWNED|DATABASE)|TRUNCATE|DELETE FROM|UPDATE|MERGE INTO|"
    r"ALTER TABLE .*DROP (?!CONSTRAINT|DEFAULT|NOT|IDENTITY|EXPRESSION)\S+|"
    "DROP (TYPE|DOMAIN|EXTENSION|SEQUENCE)|"
    "ALTER TABLE .* TYPE|DO|CALL"
)


@dataclass(frozen=True)
class Migration:
    """A parsed migration. `text` is normalised; `sha256` is its checksum in hexadecimal."""

    version: int
    name: str
    text: str

    @property
    def label(self) -> str:
        """Version and name, as in the file's name."""
        return f"{self.version}_{self.name}"

    @cached_property
    def sha256(self) -> str:
        """Checksum of the normalised text: line ends and a BOM do not count as a change."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def transactional(self) -> bool:
        """False when the header line switches the transaction off."""
        return HEADER not in (line.rstrip() for line in self.text.splitlines())

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The statements; raises ConfigurationError for what a migration must not contain."""
        statements = sqlfile.split(self.text, self.file_name)
        for statement in statements:
            self._check(statement)
        return statements

    @property
    def file_name(self) -> str:
        """The file's name without its folder."""
        return f"{self.label}.sql"

    def _check(self, statement: Statement) -> None:
        if statement.starts(_TRANSACTION_CONTROL):
            raise sqlfile.refuse(
                self.file_name,
                statement.line,
                f"it contains {statement.words.split()[0]}, but the runner opens and ends the transaction",
                f"remove it, or start the file with `{HEADER}`",
            )
        if statement.starts("COPY") and statement.matches("FROM STDIN"):
            raise sqlfile.refuse(
                self.file_name, statement.line, "COPY FROM stdin needs psql", "use INSERT … VALUES instead"
            )
        if self.transactional and statement.starts(_NO_TRANSACTION):
            raise sqlfile.refuse(
                self.file_name,
                statement.line,
                "PostgreSQL refuses this statement inside a transaction",
                f"start the file with the line `{HEADER}`",
            )


def parse(file_name: str, content: bytes) -> Migration:
    """A migration from its file. Raises ConfigurationError when the name or the encoding is wrong."""
    match = _FILE_NAME.fullmatch(file_name)
    if match is None:
        raise ConfigurationError(
            f"{file_name} is not the name of a migration",
            "it must be VERSION_name.sql, with the version in digits",
            "rename it, move it out of the migrations folder, or make one with: memory-mcp db new NAME",
        )
    return Migration(int(match["version"]), match["name"], sqlfile.normalise(content, file_name))


def loses_data(migration: Migration) -> bool:
    """Whether running it may remove or overwrite rows; what cannot be judged (DO, CALL) counts as yes."""
    return any(statement.starts(_LOSES_DATA) for statement in migration.statements)


def concurrent_index(statement: Statement) -> str | None:
    """The name of the index, as it is quoted in the statement, if this is CREATE INDEX CONCURRENTLY."""
    if not statement.starts("CREATE (UNIQUE )?INDEX CONCURRENTLY"):
        return None
    match = re.search(
        r"\bCONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(\"(?:[^\"]|\"\")+\"|[\w$.]+)\s+ON\b",
        statement.text,
        re.IGNORECASE,
    )
    return match[1] if match else None
