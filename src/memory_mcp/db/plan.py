"""Files compared with the ledger: what is applied, what comes next, what must not go on. No I/O."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from memory_mcp.db.files import Files
from memory_mcp.db.ledger import Entry
from memory_mcp.db.migration import Migration
from memory_mcp.errors import ConfigurationError, RefusedError

State = Literal["current", "pending", "empty", "unmanaged", "changed"]
_DIFF_LINES = 20


@dataclass(frozen=True)
class Plan:
    """What `compare` found. `failed` are files without transaction that stopped half-way: pending, too."""

    applied: tuple[Entry, ...]
    pending: tuple[Migration, ...]
    failed: tuple[Entry, ...]
    changed: tuple[tuple[Entry, Migration], ...]
    missing: tuple[Entry, ...]

    @property
    def state(self) -> State:
        """One word for all of it."""
        if self.changed or self.missing:
            return "changed"
        if not self.applied:
            return "empty"
        return "pending" if self.pending else "current"

    @property
    def late(self) -> tuple[Migration, ...]:
        """Pending files that are older than the newest applied one."""
        newest = max((entry.version for entry in self.applied), default=0)
        failed = {entry.version for entry in self.failed}
        return tuple(each for each in self.pending if each.version < newest and each.version not in failed)

    def _versions(self) -> set[int]:
        return {each.version for each in self.pending} | {entry.version for entry in self.applied}

    def check(self, *, out_of_order: bool = False) -> None:
        """Raises RefusedError when the files no longer tell how this database was made."""
        for entry, migration in self.changed:
            raise RefusedError(
                f"{migration.file_name} was changed after it had been applied\n{difference(entry, migration)}",
                "this database was made with the other text, so nobody could tell what it holds",
                "put the file back, and write the change as a new migration: memory-mcp db new NAME",
            )
        for entry in self.missing:
            raise RefusedError(
                f"{entry.label}.sql is applied, but the file is missing",
                "this installation is older than the database, or the file was removed or renamed",
                "install the memory-mcp that has it, or put the file back",
            )
        if self.late and not out_of_order:
            raise RefusedError(
                f"{self.late[0].file_name} is older than the newest applied migration",
                "it came later, and would run in another order than on a fresh database",
                "give it a new version, or allow it: memory-mcp db migrate --out-of-order",
            )

    def next(self, to: int | None = None, steps: int | None = None) -> tuple[Migration, ...]:
        """The pending migrations up to version `to`, at most `steps` of them, in order."""
        if to is not None and to not in self._versions():
            raise ConfigurationError(
                f"no migration has version {to}", "", "see the versions: memory-mcp db status"
            )
        chosen = [each for each in self.pending if to is None or each.version <= to]
        return tuple(chosen[:steps])

    def last(self, to: int | None = None, steps: int | None = None) -> tuple[Entry, ...]:
        """The applied migrations to undo, newest first: all above `to`, else the last `steps` (default 1)."""
        newest_first = self.applied[::-1]
        if to is None:
            return newest_first[: 1 if steps is None else steps]
        if to and all(to != entry.version for entry in self.applied):
            raise ConfigurationError(
                f"no applied migration has version {to}",
                "",
                "see the versions: memory-mcp db status (0 undoes all)",
            )
        return tuple(entry for entry in newest_first if entry.version > to)


def compare(files: Files, entries: list[Entry]) -> Plan:
    """The plan for a database with these ledger entries."""
    applied = tuple(entry for entry in entries if entry.state != "failed")
    known = {entry.version: entry for entry in applied}
    pairs = [(known[each.version], each) for each in files.migrations if each.version in known]
    versions = {each.version for each in files.migrations}
    return Plan(
        applied=applied,
        pending=tuple(each for each in files.migrations if each.version not in known),
        failed=tuple(entry for entry in entries if entry.state == "failed"),
        changed=tuple((entry, each) for entry, each in pairs if entry.sha256 != each.sha256),
        missing=tuple(entry for entry in applied if entry.version not in versions),
    )


def difference(entry: Entry, migration: Migration) -> str:
    """The changed lines, as a diff from what was applied to what the file says now."""
    lines = list(
        difflib.unified_diff(
            entry.sql.splitlines(),
            migration.text.splitlines(),
            "applied",
            migration.file_name,
            lineterm="",
            n=0,
        )
    )
    more = [f"… and {len(lines) - _DIFF_LINES} more lines"] if len(lines) > _DIFF_LINES else []
    return "\n".join(f"  {line}" for line in [*lines[:_DIFF_LINES], *more])
