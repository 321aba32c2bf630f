"""Restoring a backup so that a failure leaves everything as it was.

An administrator's URL restores into a new database, which then takes the old one's name; the old one stays
under another name. Other roles cannot make databases with extensions: for them everything that the backup holds
is replaced inside one transaction.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import backup, pgtools, swap
from memory_mcp.db.connect import connect
from memory_mcp.errors import ConfigurationError

# what only an administrator may create, and what belongs to the database as a whole
_ADMINISTRATORS = (" EXTENSION ", " COMMENT - EXTENSION ", " DATABASE ", " DATABASE PROPERTIES ")


@dataclass(frozen=True)
class Restored:
    """How it was restored; `kept` is the old database's new name (None when its tables were replaced)."""

    entries: int
    kept: str | None


def restore(target: DatabaseTarget, path: Path) -> Restored:
    """Restores `path` into the database of `target`; a damaged file is refused before the first change."""
    if not path.is_file():
        raise ConfigurationError(f"{path} does not exist", "", "name a file that memory-mcp db backup made")
    with connect(target, "looking at the database") as connection:
        major = connection.info.server_version // 10_000
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    entries = backup.contents(path, major)
    if row and row[0]:
        return Restored(len(entries), swap.restore(target, path, major))
    _replace(target, path, major, entries)
    return Restored(len(entries), None)


def _replace(target: DatabaseTarget, path: Path, major: int, entries: list[str]) -> None:
    """Drops and makes again what the backup holds, in one transaction."""
    ours = [entry for entry in entries if not any(kind in entry for kind in _ADMINISTRATORS)]
    options = ["--single-transaction", "--clean", "--if-exists", "--no-owner", "--exit-on-error"]
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "list"  # names of objects, nothing secret
        listing.write_text("\n".join(ours) + "\n", encoding="utf-8")
        program = pgtools.find("pg_restore", major)
        pgtools.run([program, *options, f"--use-list={listing}", str(path)], target)
