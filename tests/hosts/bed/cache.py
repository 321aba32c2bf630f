"""Things that take long to make, kept outside the checkout and named by what they are made from."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

UNUSED_DAYS = 14  # an older edition that nobody asked for in this time is deleted


def folder() -> Path:
    """MEMORY_TEST_CACHE, else /var/cache/memory-mcp-tests; made when missing, closed to others for its keys."""
    path = Path(os.environ.get("MEMORY_TEST_CACHE") or "/var/cache/memory-mcp-tests")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock called `name`; other sessions wait. A dead holder's lock is free."""
    with (folder() / f"{name}.lock").open("w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def key(*recipe: str | Path) -> str:
    """Twelve hex digits of the recipe's sha256: texts count as they are, paths by their name and content."""
    digest = hashlib.sha256()
    for part in recipe:
        data = part.encode() if isinstance(part, str) else part.name.encode() + b"\0" + part.read_bytes()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:12]


def artifact(name: str, build: Callable[[Path], None], *recipe: str | Path, days: float = UNUSED_DAYS) -> Path:
    """The folder that `build(folder)` fills from `recipe`: the kept one, else it is made now.

    It is built beside its place and renamed when complete, so it is either whole or not there; of several
    sessions that want it at once, one builds and the others wait. Older editions that nobody used for `days`
    are deleted then.
    """
    place = folder() / f"{name}-{key(*recipe)}"
    if not place.is_dir():
        with locked(name):
            if not place.is_dir():
                scratch = folder() / f"building-{name}"
                shutil.rmtree(scratch, ignore_errors=True)  # of a build that was killed
                scratch.mkdir()
                build(scratch)
                scratch.rename(place)
                _forget_old_editions(name, place, days)
    _stamp(place).touch()
    return place


def side_by_side(*makers: Callable[[], Path]) -> list[Path]:
    """The folders of several artifacts, each made by a thread of its own: their making uses one core."""
    with ThreadPoolExecutor(len(makers)) as pool:
        return list(pool.map(lambda make: make(), makers))


def _stamp(place: Path) -> Path:
    return place.with_name(place.name + ".used")


def _forget_old_editions(name: str, keep: Path, days: float) -> None:
    mounts = Path("/proc/self/mounts").read_text()
    for old in folder().glob(f"{name}-????????????"):
        stamp = _stamp(old)
        fresh = stamp.exists() and time.time() - stamp.stat().st_mtime < days * 86400
        if old != keep and not fresh and str(old) not in mounts:
            shutil.rmtree(old)
            stamp.unlink(missing_ok=True)
