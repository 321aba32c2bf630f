"""Fixtures for tests that need machines of their own (docs/testing.md)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import ModuleType
from typing import Any

import pytest

from tests.hosts import snapshot
from tests.hosts.bed import fault as faults
from tests.hosts.bed import needs, wheels
from tests.hosts.bed.lab import Lab
from tests.hosts.bed.machine import Machine, Make
from tests.hosts.bed.mirror import Mirror
from tests.needs import missing


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what --hosts asks for: one leaves out what is marked all, all what is emulated, none machines."""
    wanted = config.getoption("--hosts")
    out = [item for item in items if not _chosen(item, wanted)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def _chosen(item: pytest.Item, wanted: str) -> bool:
    mark = item.get_closest_marker("hosts")
    if "arm64" in (wanted, *(mark.args if mark else ())):
        return bool(mark and mark.args[0] == wanted)
    if mark is None and "lab" not in getattr(item, "fixturenames", ()):
        return True
    belongs = mark.args[0] if mark else "one"
    return bool(wanted in ("all", belongs))


class Machines:
    """Makes machines for a test and removes them when it ends: `machine("debian12", pgdg=True)`.

    `machine("debian12", provisioned=True)` begins where the main job ended, `before="pgvector"` where it had
    come to that step (snapshot.py).
    """

    numbers = count(1)

    def __init__(self, lab: Lab, mirror: Mirror) -> None:
        self.lab, self.mirror = lab, mirror
        self.made: list[Machine] = []

    def __call__(
        self, image: str, name: str = "", provisioned: bool = False, before: str = "", **make: Any
    ) -> Machine:
        make.setdefault("index", image in wheels.PYTHONS)
        moment = snapshot.END if provisioned else before
        if moment:
            make["layers"] = snapshot.layers(self.lab, self.mirror, image, moment)
        what = Make(image, **make)
        self.mirror.offer(what)
        machine = Machine.create(self.lab, name or f"m{next(self.numbers)}", what)
        self.made.append(machine)
        if moment:
            machine.run("systemctl is-system-running --wait")  # PostgreSQL starts with it
        return machine

    def several(self, image: str, how_many: int, **make: Any) -> list[Machine]:
        """As many machines of one kind, booted side by side."""
        with ThreadPoolExecutor(how_many) as pool:
            return list(pool.map(lambda _: self(image, **make), range(how_many)))

    def destroy(self) -> None:
        """Remove all that were made and are still there."""
        for machine in self.made:
            if machine.folder.exists():
                machine.destroy()
        self.made.clear()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """This session's network and folder; everything in it is gone when the session ends."""
    reason = needs.lacking()
    if reason:
        missing(reason)
    lab = Lab.open()
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def session_mirror(lab: Lab) -> Iterator[Mirror]:
    """The session's package server; it starts when a machine needs it."""
    mirror = Mirror(lab)
    yield mirror
    mirror.stop()


@pytest.fixture
def mirror(session_mirror: Mirror) -> Mirror:
    """The package server without faults, and with a log that begins here."""
    session_mirror.begin()
    return session_mirror


@pytest.fixture
def machine(lab: Lab, session_mirror: Mirror) -> Iterator[Machines]:
    """A factory of machines that live as long as the test."""
    machines = Machines(lab, session_mirror)
    yield machines
    machines.destroy()


@pytest.fixture
def fault() -> ModuleType:
    """What can go wrong: `with fault.drop(machine, 22): …`."""
    return faults


@pytest.fixture(scope="module")
def shared_machine(lab: Lab, session_mirror: Mirror) -> Iterator[Machines]:
    """The same, for machines that a whole module looks at."""
    machines = Machines(lab, session_mirror)
    yield machines
    machines.destroy()
