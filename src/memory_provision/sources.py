"""What is pinned of what is downloaded: pgvector's sources, installers, the keys of PGDG's yum repositories."""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """A tarball: the name it is kept under, its version, its hash, where it comes from."""

    file: str
    version: str
    sha256: str
    url: str


def pgvector_sources(base_url: str) -> list[Source]:
    """Best first. A release tarball and Debian's orig tarball of it are the same bytes: the older one comes
    from the Debian pool, relative to whatever mirror the machine uses, or from a mirror that has nothing newer.
    """
    older = (
        "pgvector_0.8.0.orig.tar.gz",
        "0.8.0",
        "867a2c328d4928a5a9d6f052cd3bc78c7d60228a9b914ad32aa3db88e9de27b0",
    )
    return [
        Source(
            "pgvector-0.8.6.tar.gz",
            "0.8.6",
            "10bf9938906e5d643bbc4a7eea104b6f57ba4898e5b76b20e60484ea1d5a7f8f",
            f"{base_url}/v0.8.6.tar.gz",
        ),
        Source(*older, "pool/main/p/pgvector/pgvector_0.8.0.orig.tar.gz"),
        Source(*older, f"{base_url}/v0.8.0.tar.gz"),
    ]


# EnterpriseDB's installer of each major version for Windows; its Authenticode signature is what is checked.
_ENTERPRISEDB = "https://get.enterprisedb.com/postgresql/postgresql-{release}-windows-x64.exe"
WINDOWS_INSTALLERS: dict[int, str] = {
    major: _ENTERPRISEDB.format(release=release)
    for major, release in ((15, "15.18-2"), (16, "16.14-2"), (17, "17.10-2"), (18, "18.6-3"))
}


class YumKey(NamedTuple):
    """A key of PGDG's yum repositories: its file under keys/, its primary fingerprint ("": none known)."""

    file: str
    fingerprint: str


# (system, architecture) → key. PGDG signs each architecture with a key of its own since 2024; the fingerprints
# are those that installers of several projects pin independently of each other.
YUM_KEYS: dict[tuple[str, str], YumKey] = {
    ("rhel", "x86_64"): YumKey("PGDG-RPM-GPG-KEY-RHEL", "D4BF08AE67A0B4C7A1DBCCD240BCA2B408B40D20"),
    ("rhel", "aarch64"): YumKey("PGDG-RPM-GPG-KEY-AARCH64-RHEL", "B031F89FC983E98262906B6E177B343BB9738825"),
    ("fedora", "x86_64"): YumKey("PGDG-RPM-GPG-KEY-Fedora", ""),
    ("fedora", "aarch64"): YumKey("PGDG-RPM-GPG-KEY-AARCH64-Fedora", ""),
}
