"""The root file system in which packages are compiled: Debian 12 with compilers, and newer sources."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from . import cache
from .bootstrap import bootstrap
from .distribution import sources

RELEASE = "bookworm"
NEWER = "trixie"  # where pgvector's source comes from
DEB = "build-essential,ca-certificates,debhelper,fakeroot,apt-utils,libpq-dev,postgresql-common"


def builder(name: str, packages: str) -> Path:
    """A root folder with `packages` (comma-separated) in it and apt sources of RELEASE and NEWER."""
    return cache.artifact(name, partial(_build, packages), packages, *sources(RELEASE), *sources(NEWER))


def _build(packages: str, root: Path) -> None:
    bootstrap(RELEASE, root, packages)
    own = (root / "etc/apt/sources.list").read_text()
    both = own + own.replace(RELEASE, NEWER)
    lines = [line.replace("deb ", "deb-src ", 1) for line in both.splitlines() if line]
    (root / "etc/apt/sources.list.d/sources.list").write_text("\n".join(lines) + "\n")
    (root / "etc/resolv.conf").write_text(Path("/etc/resolv.conf").read_text())
