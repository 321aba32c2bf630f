"""Building, signing and publishing RPMs inside the builder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from . import cache, keys
from .builder import builder
from .chroot import inside_copy

SPECS = Path(__file__).with_name("specs")
PACKAGES = (
    "build-essential,ca-certificates,rpm,createrepo-c,gnupg,bison,flex,perl,pkg-config,gettext,libreadline-dev,"
    "zlib1g-dev,libssl-dev,libicu-dev,liblz4-dev,libzstd-dev,libxml2-dev,libsystemd-dev,libpam0g-dev,uuid-dev"
)
SIGN = """
rpmsign --addsign -D '__gpg /usr/bin/gpg' -D "_gpg_name $1" $(find /out -name '*.rpm') >/dev/null
"""


def workshop() -> Path:
    """The builder for PostgreSQL and RPMs."""
    return builder("builder-rpm", PACKAGES)


def build(spec: str, out: Path, defines: Mapping[str, str], binds: Mapping[Path, str] | None = None) -> None:
    """Build specs/SPEC.spec with those macros and put its RPMs straight into `out`."""
    scratch = out / "rpmbuild"
    scratch.mkdir()
    macros = {"_topdir": "/out/top", "_rpmdir": "/out/rpms", "specs": "/specs", **defines}
    options = [part for name, value in macros.items() for part in ("-D", f"{name} {value}")]
    places = {scratch: "/out", SPECS: "/specs", **(binds or {})}
    inside_copy(workshop(), "rpmbuild", "-bb", *options, f"/specs/{spec}.spec", binds=places)
    for rpm in (scratch / "rpms").rglob("*.rpm"):
        rpm.rename(out / rpm.name)
    shutil.rmtree(scratch)


def sign(folder: Path) -> None:
    """Sign every RPM below `folder` with the lab's key."""
    places = {folder: "/out", keys.keyring(): "/root/.gnupg"}
    with cache.locked("signing"):  # see keys.py
        inside_copy(workshop(), "sh", "-ec", SIGN, "sign", keys.RPM, binds=places)


def index(folder: Path, modules: str = "") -> None:
    """Write the repository metadata of `folder`, signed; `modules` is modulemd YAML to go with it."""
    inside_copy(workshop(), "createrepo_c", "-q", "/out", binds={folder: "/out"})
    if modules:
        (folder / "modules.yaml").write_text(modules)
        modify = ("modifyrepo_c", "--mdtype=modules", "/out/modules.yaml", "/out/repodata")
        inside_copy(workshop(), *modify, binds={folder: "/out"})
        (folder / "modules.yaml").unlink()
    metadata = folder / "repodata" / "repomd.xml"
    keys.detached_sign(keys.RPM, metadata, metadata.with_name("repomd.xml.asc"))
