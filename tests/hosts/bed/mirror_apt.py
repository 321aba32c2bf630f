"""What apt.postgresql.org would serve for Debian 12, in miniature, signed with the lab's key."""

from __future__ import annotations

import re
from pathlib import Path

from . import cache, keys
from .bootstrap import SNIPPETS
from .builder import DEB, builder
from .chroot import inside_copy
from .distribution import sources

FILL, INDEX = SNIPPETS / "apt-repository.sh", SNIPPETS / "apt-index.sh"
PGVECTOR = "0.8.0-1"  # in Debian 13
MAJOR, SUFFIX, SUITE = "15", "pgdg12+1", "bookworm-pgdg"
REPOSITORY = "pub/repos/apt"
KEY = "media/keys/ACCC4CF8.asc"  # where PGDG publishes its key
# Editions of the same repository whose metadata is not valid now, whenever now is
FUTURE, EXPIRED = "future", "expired"
DATES = {
    FUTURE: "Date: Thu, 01 Jan 2099 00:00:00 UTC",
    EXPIRED: "Date: Wed, 01 Jan 2020 00:00:00 UTC\nValid-Until: Wed, 08 Jan 2020 00:00:00 UTC",
}


def repository() -> Path:
    """Document root with the repository and its key; below `future/` and `expired/` its other editions."""
    return cache.artifact(
        "mirror-apt",
        _build,
        FILL,
        INDEX,
        PGVECTOR,
        MAJOR,
        SUFFIX,
        SUITE,
        *sources("bookworm"),
        keys.public(keys.APT),
        *DATES.values(),
    )


def _build(root: Path) -> None:
    out = root / REPOSITORY
    out.mkdir(parents=True)
    arguments = (PGVECTOR, MAJOR, SUFFIX, SUITE)
    inside_copy(builder("builder-deb", DEB), "sh", "-s", *arguments, binds={out: "/out"}, input=script(FILL))
    release = out / "dists" / SUITE / "Release"
    sign(release)
    for edition, dates in DATES.items():
        other = root / edition / REPOSITORY / "dists" / SUITE / "Release"
        other.parent.mkdir(parents=True)
        other.write_text(re.sub(r"^Date: .*$", dates, release.read_text(), flags=re.MULTILINE))
        sign(other)
    key = root / KEY
    key.parent.mkdir(parents=True)
    key.write_bytes(keys.public(keys.APT).read_bytes())


def script(fill: Path) -> str:
    """What fills a repository, with what indexes it before it."""
    return INDEX.read_text() + fill.read_text()


def sign(release: Path) -> None:
    """Put the signatures of an apt repository's Release file beside it."""
    keys.clear_sign(keys.APT, release, release.with_name("InRelease"))
    keys.detached_sign(keys.APT, release, release.with_name("Release.gpg"))
