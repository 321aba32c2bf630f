"""A Python that somebody has put beside an old release's own: what the setting `server_python` is for."""

from __future__ import annotations

from pathlib import Path

from . import cache
from .bootstrap import SNIPPETS
from .builder import DEB, builder
from .chroot import inside_copy
from .distribution import sources

FILL = SNIPPETS / "python-apart.sh"
VERSION = "3.11"  # Debian 12's
PATH = f"/opt/python{VERSION}/usr/bin/python{VERSION}"


def layer() -> Path:
    """A folder for `Make.layers` that has `PATH` in it."""
    return cache.artifact("python-apart", _build, FILL, VERSION, *sources("bookworm"))


def _build(folder: Path) -> None:
    script = FILL.read_text()
    inside_copy(builder("builder-deb", DEB), "sh", "-s", VERSION, binds={folder: "/out"}, input=script)
