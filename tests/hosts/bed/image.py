"""Root file systems that machines boot from: made once, shared read-only by every machine."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from . import cache, el
from .bootstrap import bootstrap, preparation, prepare
from .distribution import sources

RELEASES = {"debian11": "bullseye", "debian12": "bookworm", "debian13": "trixie", "sid": "sid"}
ARM64 = "debian12-arm64"  # its programs are emulated, which has to be arranged first: emulator.py
# A bare server: what boots, lets one in and becomes root; no Python, compiler, curl, gpg or locales.
PACKAGES = "systemd-sysv,dbus,openssh-server,sudo,ca-certificates,iproute2,procps"


def image(name: str) -> Path:
    """The root folder of the image called `name` (see `names`); the first use builds it."""
    if name in el.RELEASES:
        return el.image(name)
    if name == ARM64:
        recipe = ("bookworm", PACKAGES, "arm64", *sources("bookworm"), *preparation())
        return cache.artifact(name, partial(_build, "bookworm", architecture="arm64"), *recipe)
    if name not in RELEASES:
        raise KeyError(f"no image is called {name}; there are {', '.join(names())}")
    release = RELEASES[name]
    return cache.artifact(name, partial(_build, release), release, PACKAGES, *sources(release), *preparation())


def names() -> list[str]:
    """Every image there is."""
    return sorted([*RELEASES, *el.RELEASES])


def _build(release: str, root: Path, architecture: str = "") -> None:
    bootstrap(release, root, PACKAGES, architecture)
    prepare(root)
