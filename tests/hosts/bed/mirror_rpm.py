"""What download.postgresql.org would serve for an RPM distribution, in miniature, signed with the lab's key."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from . import cache, keys, rpms
from .bootstrap import SNIPPETS
from .chroot import inside_copy
from .distribution import sources
from .el import RELEASES, Release

COMPILE = SNIPPETS / "compile-postgresql.sh"
MAJOR, PGVECTOR = "15", "0.8.0-1"
NEWER = "0.8.99"
OTHER_MAJORS = ("14", "16", "17")  # repositories that exist and are empty
YUM = Path("pub/repos/yum")
SPECS = (
    "postgresql.spec",
    "pgvector.spec",
    "pgdg-redhat-repo.spec",
    "pg-setup",
    "pg-check-db-dir",
    "pg.service",
)


def compiled() -> Path:
    """PostgreSQL and pgvector as compiled for /usr/pgsql-MAJOR: server/, contrib/, pgvector/ and version."""
    return cache.artifact("pgsql", _compile, COMPILE, MAJOR, PGVECTOR, rpms.PACKAGES, *sources("bookworm"))


def _compile(out: Path) -> None:
    inside_copy(rpms.workshop(), "sh", "-s", MAJOR, PGVECTOR, binds={out: "/out"}, input=COMPILE.read_text())


def repository(name: str) -> Path:
    """Document root with PGDG's yum repositories for the distribution called `name` (see el.RELEASES)."""
    release = RELEASES[name]
    files = [rpms.SPECS / f for f in SPECS]
    return cache.artifact(
        f"mirror-{name}",
        partial(_build, release),
        *files,
        "with its key",
        release.name,
        release.version,
        compiled().name,
        keys.public(keys.RPM),
    )


def newer() -> Path:
    """Document root with newer/: a repository for any distribution with the pgvector of tomorrow."""
    spec = rpms.SPECS / "pgvector.spec"
    return cache.artifact("mirror-newer", _build_newer, spec, NEWER, compiled().name, keys.public(keys.RPM))


def _build_newer(root: Path) -> None:
    folder = root / "newer"
    folder.mkdir()
    defines = {"v": MAJOR, "vector": NEWER, "tree": "/tree/pgvector", "dist": ".later"}
    rpms.build("pgvector", folder, defines, binds={compiled(): "/tree"})
    rpms.sign(root)
    rpms.index(folder)


def _build(release: Release, root: Path) -> None:
    fedora = release.id == "fedora"
    system = "fedora/fedora" if fedora else "redhat/rhel"
    folder = {v: root / YUM / v / f"{system}-{release.major}-x86_64" for v in ("common", MAJOR, *OTHER_MAJORS)}
    for place in folder.values():
        place.mkdir(parents=True)
    short = f"{'F' if fedora else 'EL'}-{release.major}-x86_64"
    reporpm = root / YUM / "reporpms" / short
    reporpm.mkdir(parents=True)

    # PGDG's packages for EL say rhel9 where the distribution's own say el9
    dist = release.dist if fedora else f".rhel{release.major}"
    defines = {"v": MAJOR, "dist": dist, "_binary_payload": "w3.zstdio"}
    version = (compiled() / "version").read_text().strip()
    tree = {compiled(): "/tree"}
    server = {**defines, "pgver": version, "tree": "/tree"}
    rpms.build("postgresql", folder[MAJOR], server, binds=tree)
    rpms.build("pgvector", folder[MAJOR], {**defines, "tree": "/tree/pgvector"}, binds=tree)
    majors = " ".join(sorted((MAJOR, *OTHER_MAJORS)))
    config = {**defines, "os": system, "majors": majors, "key": f"/keys/{keys.public(keys.RPM).name}"}
    rpms.build("pgdg-redhat-repo", reporpm, config, binds={keys.keyring(): "/keys"})
    [built] = reporpm.iterdir()
    built.rename(reporpm / "pgdg-redhat-repo-latest.noarch.rpm")
    rpms.sign(root)
    for place in folder.values():
        rpms.index(place)
    (root / YUM / "keys").mkdir()
    shutil.copy(
        keys.public(keys.RPM), root / YUM / "keys" / f"PGDG-RPM-GPG-KEY-{'Fedora' if fedora else 'RHEL'}"
    )
