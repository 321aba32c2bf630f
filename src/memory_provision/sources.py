"""pgvector's sources, pinned. A release tarball and Debian's orig tarball of it are the same bytes."""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """A tarball: the name it is kept under, its version, its hash, where it comes from."""

    file: str
    version: str
    sha256: str
    url: str


def pgvector_sources(base_url: str) -> list[Source]:
    """Best first; the last resort is the Debian pool, relative to whatever mirror the machine uses."""
    return [
        Source(
            "pgvector-0.8.6.tar.gz",
            "0.8.6",
            "10bf9938906e5d643bbc4a7eea104b6f57ba4898e5b76b20e60484ea1d5a7f8f",
            f"{base_url}/v0.8.6.tar.gz",
        ),
        Source(
            "pgvector_0.8.0.orig.tar.gz",
            "0.8.0",
            "867a2c328d4928a5a9d6f052cd3bc78c7d60228a9b914ad32aa3db88e9de27b0",
            "pool/main/p/pgvector/pgvector_0.8.0.orig.tar.gz",
        ),
    ]
