"""In which order tests begin, and which have to stay together when several workers share them.

A run is over when its last test is, so what takes longest begins first. The tests of a file run in one worker
and in their order, for many share a server or a machine; in tests/hosts most make machines of their own, and
each of those can run anywhere.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

SHARING = "shared_machine"  # the fixture of machines that a whole file looks at
LONGEST_FIRST = (
    "test_main_job.py",
    "test_interrupted.py",
    "test_five.py",
    "test_ten_machines",
    "test_offline.py",
    "test_laptop",
    "test_between.py",
    "test_docs_laptop.py",
    "test_matrix.py",
    "test_existing.py",
    "test_what_a_mirror_can_do_wrong",
    "test_el.py",
    "hosts/test_faults.py",
    "test_upgrade.py",
    "test_maintenance.py",
    "test_snapshot.py",
    "test_bed.py",
    "test_docs_server.py",
    "test_smoke.py",
    "test_server_failures.py",
)
"""Parts of node ids; what is in none of them comes afterwards, as it was collected."""


def rank(nodeid: str) -> int:
    """Place of a test in the order of their beginning."""
    return next((n for n, part in enumerate(LONGEST_FIRST) if part in nodeid), len(LONGEST_FIRST))


@cache
def stays_together(file: Path) -> bool:
    """Do the tests of a file have to run in one worker?"""
    return "hosts" not in file.parts or SHARING in file.read_text()


class ByFileOrTest(LoadScopeScheduling):  # type: ignore[misc]
    """xdist's loadfile; tests of files in which nothing is shared are given out one by one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return file if stays_together(Path(self.config.rootpath, file)) else nodeid


def scheduler(config: pytest.Config, log: object) -> ByFileOrTest:
    """One that gives out the work in the order of the collection."""
    config.option.loadscopereorder = False
    return ByFileOrTest(config, log)
