"""pgvector as compiled in this run: the first machine of a kind compiles it, the others get its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gevent.lock import BoundedSemaphore

from memory_provision.plan import Plan

_BUILT: dict[str, str] = {}
_TURNS: dict[str, BoundedSemaphore] = {}


def kind(plan: Plan) -> str:
    """What has to be equal for the files to fit: system, release, architecture, the server's folder, major."""
    return f"{plan.system}-{plan.bindir}-{plan.major}"


def find(plan: Plan) -> str | None:
    """A tar of the files for this kind of machine (gzip, base64), once one has compiled them."""
    return _BUILT.get(kind(plan))


def keep(plan: Plan, files: str | None) -> None:
    """Remember what a machine handed back."""
    if files:
        _BUILT[kind(plan)] = files


@contextmanager
def turn(plan: Plan) -> Iterator[None]:
    """Machines of a kind wait for the one that compiles; afterwards they find its files."""
    with _TURNS.setdefault(kind(plan), BoundedSemaphore()):
        yield
