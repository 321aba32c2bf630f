"""One migration at a time: an advisory lock that belongs to a transaction, asked for again until it is free.

A lock of the transaction works through a pooler that hands out another session for each transaction, and goes
with a process that dies. Asking instead of waiting in the server matters because CREATE INDEX CONCURRENTLY
waits for every session that waits for a lock.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from memory_mcp.db.connect import Connection
from memory_mcp.errors import BusyError

# any constant will do, as long as nobody else uses it: the first 8 bytes of sha256("memory-mcp migrations")
KEY = -1_218_175_630_250_269_692

# limits of a transaction that does nothing but hold the lock, while another connection works without one
GUARD = "SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"

_TAKE = f"SELECT pg_try_advisory_xact_lock({KEY})"
_HOLDER = """
SELECT format('process %%s of %%s%%s, since %%s', a.pid, a.usename,
              coalesce(' (' || nullif(a.application_name, '') || ')', ''), a.xact_start::timestamptz(0))
FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND ((l.classid::bigint << 32) | l.objid::bigint) = %s
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def held(connection: Connection, seconds: float, before: str = "") -> Iterator[None]:
    """A transaction that holds the lock. `before` is SQL that sets its limits.

    Raises BusyError, naming who holds it, when it is not free within `seconds`.
    """
    deadline = time.monotonic() + seconds
    pause = 0.01
    while True:
        with connection.transaction():
            if _take(connection, before):
                yield
                return
        if time.monotonic() > deadline:
            raise _busy(connection, seconds)
        # runners that wait for the same lock must not ask in step
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        pause = min(pause * 1.5, 0.5)


def _take(connection: Connection, before: str) -> bool:
    """The limits and the question in one message; the answer is the last result."""
    cursor = connection.execute(f"{before};{_TAKE}".encode())
    while cursor.nextset():
        continue
    row = cursor.fetchone()
    return bool(row and row[0])


def _busy(connection: Connection, seconds: float) -> BusyError:
    row = connection.execute(_HOLDER, [KEY]).fetchone()
    return BusyError(
        f"another migration is running, and did not end within {seconds:g} seconds",
        str(row[0]) if row else "it has just ended",
        "wait for it, then run the same command again",
    )
