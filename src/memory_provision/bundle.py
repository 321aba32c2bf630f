"""A bundle on the controller: opened and verified once a run, whatever the number of hosts."""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from memory_provision import manifest
from memory_provision.manifest import BundleError, Manifest

BLOCK = 1 << 20


@dataclass(frozen=True)
class Bundle:
    """A verified tar; its sha256 names it on the hosts."""

    path: Path
    sha256: str
    size: int
    manifest: Manifest

    @property
    def name(self) -> str:
        """For messages."""
        return f"bundle {self.path}"

    def folder(self, cache_folder: str) -> str:
        """Where it lies unpacked on a host whose cache is there."""
        return f"{cache_folder}/bundles/{self.sha256[:16]}"


def open_bundle(path: str) -> Bundle:
    """Read and verify it. Raises BundleError when it is missing, damaged or no bundle."""
    file = Path(path).expanduser()
    try:
        state = file.stat()
    except OSError as error:
        raise BundleError(
            f"offline_bundle {path} cannot be read: {error.strerror}",
            "without it nothing can be installed on a machine without a network",
            "make it with deploys/bundle.py (docs/offline.md)",
        ) from None
    return _verified(file, state.st_size, state.st_mtime_ns)


@cache
def _verified(path: Path, size: int, _changed: int) -> Bundle:
    where = f"bundle {path}"
    try:
        with tarfile.open(path, "r:") as tar:
            first = tar.next()
            text = tar.extractfile(first) if first and first.name == manifest.NAME else None
            if text is None:
                raise BundleError(
                    f"{where} is no bundle", f"it does not begin with {manifest.NAME}", "name another file"
                )
            found = manifest.parse(text.read().decode(errors="replace"), where)
            _verify(tar, found, where)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise _damaged(where, f"it cannot be read to its end: {error}") from None
    return Bundle(path, file_sha256(path), size, found)


def _verify(tar: tarfile.TarFile, wanted: Manifest, where: str) -> None:
    """Every file of the manifest is there as it was, and no other."""
    missing = set(wanted.files)
    for member in tar:
        if member.name in (manifest.NAME, manifest.SUMS):
            continue
        content = tar.extractfile(member) if member.isfile() else None
        if content is None or member.name not in missing:
            raise _damaged(where, f"{member.name} is not in its manifest")
        digest = hashlib.sha256()
        while block := content.read(BLOCK):
            digest.update(block)
        if digest.hexdigest() != wanted.files[member.name]:
            raise _damaged(where, f"{member.name} is not the file that its manifest names")
        missing.remove(member.name)
    if missing:
        raise _damaged(where, f"{sorted(missing)[0]} is missing, one of {len(missing)}")


def _damaged(where: str, why: str) -> BundleError:
    return BundleError(f"{where} is damaged", why, "copy it again, or make it again with deploys/bundle.py")


def file_sha256(path: Path) -> str:
    """Of a file of any size."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
