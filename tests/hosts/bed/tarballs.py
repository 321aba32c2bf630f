"""Release tarballs as GitHub serves them, taken from Debian's sources where those are the same files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from . import cache
from .builder import DEB, builder
from .chroot import inside_copy

# Debian's orig tarball and the project's release tarball are one file, byte for byte
PGVECTOR, SHA256 = "0.8.0", "867a2c328d4928a5a9d6f052cd3bc78c7d60228a9b914ad32aa3db88e9de27b0"
SERVED = f"pgvector/pgvector/tar.gz/refs/tags/v{PGVECTOR}"  # at codeload.github.com
# github.com answers for an archive with a redirect to codeload.github.com
REDIRECTS = {
    r"^/([^/]+/[^/]+)/archive/refs/tags/(.+)\.tar\.gz$": r"https://codeload.github.com/\1/tar.gz/refs/tags/\2"
}
FETCH = "cd /out; apt-get -qq update; apt-get -qq source --download-only pgvector/trixie"


def tarballs() -> Path:
    """Document root of the tarballs."""
    return cache.artifact("tarballs", _fetch, PGVECTOR, SHA256, FETCH)


def _fetch(root: Path) -> None:
    scratch = root / "debian"
    scratch.mkdir()
    inside_copy(builder("builder-deb", DEB), "sh", "-ec", FETCH, binds={scratch: "/out"})
    orig = scratch / f"pgvector_{PGVECTOR}.orig.tar.gz"
    found = hashlib.sha256(orig.read_bytes()).hexdigest()
    if found != SHA256:
        raise ValueError(f"{orig.name} has sha256 {found}, the release has {SHA256}")
    served = root / SERVED
    served.parent.mkdir(parents=True)
    orig.rename(served)
    for rest in scratch.iterdir():
        rest.unlink()
    scratch.rmdir()
