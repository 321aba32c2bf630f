"""Making everything that the bed keeps, now, instead of when the first test wants it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from . import amazon, archive, el, later_majors, mirror_apt, mirror_rpm, python_apart, rpms, tarballs, wheels
from .image import image, names

Maker = Callable[[], Path]


def steps() -> list[dict[str, Maker]]:
    """What can be made side by side, in the order in which one needs the other."""
    debian = [name for name in names() if name not in el.RELEASES]
    return [
        {
            "PGDG for apt": mirror_apt.repository,
            "user land of EL": el.user_land,
            "builder of RPMs": rpms.workshop,
            **{name: partial(image, name) for name in debian},
        },
        {
            "PostgreSQL": mirror_rpm.compiled,
            "tarballs": tarballs.tarballs,
            "wheels": wheels.index,
            "Debian 12": archive.repository,
            "PGDG for Ubuntu": partial(later_majors.repository, later_majors.NOBLE),
            "PGDG for Debian 11": partial(later_majors.repository, later_majors.BULLSEYE),
            "Python for Debian 11": python_apart.layer,
        },
        {name: partial(image, name) for name in el.RELEASES},
        {
            **{f"PGDG for {name}": partial(mirror_rpm.repository, name) for name in el.of_pgdg()},
            "Amazon's own packages": amazon.repository,
            "newer pgvector": mirror_rpm.newer,
        },
    ]


def everything() -> Iterator[tuple[str, float]]:
    """Make it all, two things at a time; each one's name and seconds when it is there."""
    with ThreadPoolExecutor(2) as pool:
        for step in steps():
            made = [pool.submit(_timed, name, maker) for name, maker in step.items()]
            for one in as_completed(made):
                yield one.result()


def _timed(name: str, maker: Maker) -> tuple[str, float]:
    begin = time.monotonic()
    maker()
    return name, time.monotonic() - begin
