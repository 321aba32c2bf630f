"""What Amazon Linux 2023 has beside EL's base: a PostgreSQL of its own, and the compiler for pgvector.

PGDG has no packages for it. The programs are those of the bed's PGDG packages, under Amazon's names and places.
"""

from __future__ import annotations

from pathlib import Path

from . import cache, keys, mirror_rpm, rpms

IMAGE, DIST = "amazon", ".amzn2023"
REPOSITORY = "amazon/amazonlinux"
SPECS = ("amazon-postgresql.spec", "amazon-pg-config", "amazon-pg-setup", "pg.service", "toolchain.spec")


def repository() -> Path:
    """Document root with its repository."""
    files = [rpms.SPECS / name for name in SPECS]
    return cache.artifact("mirror-amazon", _build, *files, mirror_rpm.compiled().name, keys.public(keys.RPM))


def _build(root: Path) -> None:
    folder = root / REPOSITORY
    folder.mkdir(parents=True)
    compiled = mirror_rpm.compiled()
    defines = {"dist": DIST, "_binary_payload": "w3.zstdio"}
    version = (compiled / "version").read_text().strip()
    server = {**defines, "v": mirror_rpm.MAJOR, "pgver": version, "tree": "/tree"}
    rpms.build("amazon-postgresql", folder, server, binds={compiled: "/tree"})
    rpms.build("toolchain", folder, defines)
    rpms.sign(root)
    rpms.index(folder)
