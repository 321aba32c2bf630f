"""One process at a time starts or stops a server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memory_mcp.errors import BusyError

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def held(path: Path, seconds: float = 120) -> Iterator[None]:
    """Holds the lock; the system takes it back when the process ends, however it ends.

    Raises BusyError when another process still holds it after `seconds`. What is started meanwhile does not
    inherit it (PEP 446).
    """
    with path.open("a") as file:
        until = time.monotonic() + seconds
        while True:
            try:
                _take(file.fileno())
                break
            except OSError:
                if time.monotonic() > until:
                    raise BusyError(
                        "another process is starting or stopping the embedded server",
                        f"it holds {path}",
                        "wait for it, then run the same command again",
                    ) from None
                time.sleep(0.05)
        yield
