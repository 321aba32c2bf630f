"""What machines of Debian 12 fetch from Debian, as a small archive of the bed's own.

The packages are Debian's, packed and indexed anew: reading the lists of the whole release and unpacking xz
takes each machine 12 s of CPU, and several machines wait for one another.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from . import ca, cache, keys, mirror_apt
from .bootstrap import SNIPPETS
from .builder import DEB, builder
from .chroot import inside_copy
from .distribution import sources
from .image import RELEASES, image

FILL = SNIPPETS / "archive.sh"
IMAGE = "debian12"  # the only one so far: of the others, no more than one machine is provisioned
PACKAGES = (
    *("postgresql-15", "postgresql-client-15", "gcc", "make", "libc6-dev"),
    *("python3", "python3-venv", "ca-certificates"),
    *("curl", "perl"),  # what tests install to begin with
    "postgresql-13",
)
OLDER = "bullseye"  # has that
KEY = "etc/apt/keyrings/lab.asc"
SOURCES = "etc/apt/sources.list"
PUBLISHED = "debian"


def repository() -> Path:
    """Document root with debian/dists and debian/pool; the first use downloads and packs (150 MB)."""
    recipe = (
        FILL,
        mirror_apt.INDEX,
        mirror_apt.PGVECTOR,
        OLDER,
        *PACKAGES,
        *sources(RELEASES[IMAGE]),
        keys.public(keys.APT),
    )
    below, _ = cache.side_by_side(partial(image, IMAGE), partial(builder, "builder-deb", DEB))
    return cache.artifact("archive", _build, below.name, *recipe)


def _build(root: Path) -> None:
    out = root / PUBLISHED
    out.mkdir()
    release = RELEASES[IMAGE]
    arguments = (release, mirror_apt.PGVECTOR, OLDER, *PACKAGES)
    places = {out: "/out", image(IMAGE): "/image"}
    inside_copy(
        builder("builder-deb", DEB), "sh", "-s", *arguments, binds=places, input=mirror_apt.script(FILL)
    )
    mirror_apt.sign(out / "dists" / release / "Release")


def configuration(name: str) -> dict[str, str]:
    """Files (path → text) that make this archive the only one that apt of an image knows; none for others."""
    if name != IMAGE:
        return {}
    source = f"deb [signed-by=/{KEY}] http://{ca.LAB_NAME}/{PUBLISHED} {RELEASES[name]} main\n"
    return {f"/{SOURCES}": source, f"/{KEY}": keys.public(keys.APT).read_text()}
