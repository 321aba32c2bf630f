"""Restoring a backup so that a failure leaves everything as it was.

Whoever may make databases restores into a new one, which then takes the old one's name; the old one stays under
another name. For other roles everything that the backup holds is replaced inside one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import backup, swap
from memory_mcp.db.connect import connect
from memory_mcp.db.fill import Source, fill
from memory_mcp.db.pgtools import Progress
from memory_mcp.errors import ConfigurationError


@dataclass(frozen=True)
class Restored:
    """How it was restored; `kept` is the old database's new name (None when its tables were replaced)."""

    entries: int
    kept: str | None


def restore(
    target: DatabaseTarget, path: Path, into: str | None = None, progress: Progress | None = None
) -> Restored:
    """Restores `path` into the database of `target`, or into the empty database `into` of the same server.

    A damaged file is refused before the first change.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path} does not exist", "", "name a file that memory-mcp db backup made")
    place = swap.at(target, into) if into else target
    with connect(place, "looking at the database") as connection:
        major = connection.info.server_version // 10_000
        superuser, allowed = swap.may(connection)
    source = Source(path, major, backup.contents(path, major), progress)
    kept = None
    if into:
        fill(place, source)
    elif allowed:
        kept = swap.restore(target, source, superuser)
    if not into and kept is None:
        fill(target, source, replace=True)
    return Restored(len(source.entries), kept)
