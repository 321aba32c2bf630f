"""Where tests put what they throw away: into memory, where there is room.

Most of it are PostgreSQL's files, thousands that are flushed to the disk one by one: on a disk, the tests
wait for it a quarter of their time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

SHARED = Path("/dev/shm")
ROOM = 4 << 30  # bytes


def use_memory() -> None:
    """From now on temporary folders are there, also those of programs that we start, unless TMPDIR is set."""
    if "TMPDIR" not in os.environ and _suits():
        os.environ["TMPDIR"] = tempfile.tempdir = str(SHARED)


def _suits() -> bool:
    """Is it large enough, and may we write to it and run programs from it? In a container often not."""
    if not SHARED.is_dir() or not os.access(SHARED, os.W_OK):
        return False
    return not os.statvfs(SHARED).f_flag & os.ST_NOEXEC and shutil.disk_usage(SHARED).free > ROOM
