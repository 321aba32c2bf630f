"""Makes the files of a new migration."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

from memory_mcp.db import files
from memory_mcp.db.migration import HEADER
from memory_mcp.errors import ConfigurationError

_UP = f"""-- What it does, and why.
--
-- It runs in a transaction together with its record. For CREATE INDEX CONCURRENTLY, put this line first:
--     {HEADER.removeprefix("-- ")} (with -- in front)

"""
_DOWN = "-- Undoes it. Say here what data is lost.\n\n"


def create(name: str, folder: Path | None = None) -> tuple[Path, Path]:
    """Writes migrations/VERSION_name.sql and rollback/VERSION_name.sql; the version is the time in UTC.

    Raises ConfigurationError when the name has no letters or digits.
    """
    place = folder or files.folder()
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not plain:
        raise ConfigurationError(
            f"{name!r} is no name for a migration", "", "say what it does: add_colour_to_memories"
        )
    newest = max((each.version for each in files.load(place).migrations), default=0)
    version = max(int(datetime.now(timezone.utc).strftime("%Y%m%d%H%M%S")), newest + 1)
    up, down = place / f"{version}_{plain}.sql", place / "rollback" / f"{version}_{plain}.sql"
    down.parent.mkdir(exist_ok=True)
    for path, text in ((up, _UP), (down, _DOWN)):
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    return up, down
