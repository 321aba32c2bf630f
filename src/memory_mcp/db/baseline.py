"""Adopts a database whose tables were made by hand: finds the migration that it equals, and records it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import catalog, contract, files, ledger, lock, status
from memory_mcp.db.compare import Difference, differences
from memory_mcp.db.connect import Connection, check_server, connect
from memory_mcp.db.ledger import Outcome
from memory_mcp.db.migration import Migration
from memory_mcp.db.runner import LIMITS
from memory_mcp.errors import ConfigurationError, RefusedError


@dataclass(frozen=True)
class Candidate:
    """How a database differs from the schema after `version`."""

    version: int
    differences: list[Difference]


def baseline(
    target: DatabaseTarget, to: int | None = None, folder: Path | None = None, seconds: float = 60.0
) -> list[Migration]:
    """Records the migrations that the schema already contains, and returns them; none when it has a ledger.

    Raises RefusedError, listing every difference, when the schema is that of no migration (or not of `to`).
    """
    migrations = files.load(folder)
    if to is not None and migrations.find(to) is None:
        raise ConfigurationError(f"no migration has version {to}", "", "see the versions: memory-mcp db status")
    with connect(target, "adopting the schema") as connection:
        check_server(connection)
        state, _ = status.look(connection, migrations)
        if state == "empty":
            raise RefusedError(
                "there is nothing to adopt", "the database is empty", "run: memory-mcp db migrate"
            )
        if state != "unmanaged":
            return []
        best = _best(connection, [to] if to is not None else _versions(migrations))
        if best.differences:
            raise _differs(best)
        adopted = [each for each in migrations.migrations if each.version <= best.version]
        with lock.held(connection, seconds, LIMITS):
            ledger.create(connection)
            if ledger.read(connection):  # somebody else was faster
                return []
            for migration in adopted:
                ledger.record(connection, migration, Outcome("baseline"))
        return adopted


def _versions(migrations: files.Files) -> list[int]:
    """Versions that can be told apart by the schema, oldest first.

    A migration that leaves the schema alone cannot be recognised; it is not adopted, but runs later.
    """
    return [version for version in contract.versions() if migrations.find(version)]


def _best(connection: Connection, versions: list[int]) -> Candidate:
    """The newest version without differences, else the one with the fewest."""
    actual = catalog.read(connection)
    candidates = [Candidate(version, differences(connection, actual, version)) for version in versions]
    return min(candidates, key=lambda each: (len(each.differences), -each.version))


def _differs(best: Candidate) -> RefusedError:
    lines = "\n".join(f"  {difference}" for difference in best.differences)
    return RefusedError(
        f"the schema is not what the migrations make; nearest is {best.version}, but:\n{lines}",
        "adopting it would record something that is not so",
        "mend these objects with psql, then run: memory-mcp db baseline",
    )
