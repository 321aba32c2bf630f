"""The root file systems in which packages are compiled: a Debian release with compilers, and newer sources."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from . import cache
from .bootstrap import bootstrap
from .distribution import sources

RELEASE = "bookworm"
NEWER = {"bullseye": "bookworm", "bookworm": "trixie"}  # where the sources come from that a release has not got
DEB = "build-essential,ca-certificates,debhelper,fakeroot,apt-utils,libpq-dev,postgresql-common"


def builder(name: str, packages: str, release: str = RELEASE) -> Path:
    """A root folder with `packages` (comma-separated) in it and apt sources of `release` and the next one."""
    recipe = (packages, *sources(release), *sources(NEWER[release]))
    return cache.artifact(name, partial(_build, packages, release), *recipe)


def _build(packages: str, release: str, root: Path) -> None:
    bootstrap(release, root, packages)
    own = (root / "etc/apt/sources.list").read_text()
    both = own + own.replace(release, NEWER[release])
    lines = [line.replace("deb ", "deb-src ", 1) for line in both.splitlines() if line]
    (root / "etc/apt/sources.list.d/sources.list").write_text("\n".join(lines) + "\n")
    (root / "etc/resolv.conf").write_text(Path("/etc/resolv.conf").read_text())
