"""How fast the migrations are, next to psql on the same server: ./run python bench/migrate.py

Ratios, since machines differ. Every figure includes the start of the process. `best of` keeps the noise out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.integration import postgres
from tests.integration.postgres import Database, Server

from memory_mcp.db import files

COMMAND = Path(sys.executable).with_name("memory-mcp")
ROUNDS = 5
MANY = 1000
ENGINE = """
import os, sys
from pathlib import Path
from memory_mcp.config import load
from memory_mcp.db import runner
runner.migrate(load(os.environ).database(), runner.Request(folder=Path(sys.argv[1])))
"""


def best(setup: Callable[[], Database], work: Callable[[Database], None], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest round; `setup` makes a fresh database for each and is not counted."""
    times = []
    for _ in range(rounds):
        database = setup()
        start = time.perf_counter()
        work(database)
        times.append(time.perf_counter() - start)
        database.server.drop(database.name)
    return min(times)


def command(database: Database, *arguments: str) -> None:
    environment = {**os.environ, "DATABASE_URL": database.url}
    subprocess.run([COMMAND, "db", *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)


def psql_once(database: Database, folder: Path) -> None:
    """One psql, one transaction, every file."""
    arguments = [argument for path in sorted(folder.glob("*.sql")) for argument in ("-f", str(path))]
    done = database.psql("-q", "-1", *arguments)
    assert done.returncode == 0, done.stderr


def psql_loop(database: Database, folder: Path) -> None:
    """One psql for each file, as the guide's loop does."""
    for path in sorted(folder.glob("*.sql")):
        done = database.psql("-q", "-f", str(path))
        assert done.returncode == 0, done.stderr


def engine(database: Database, folder: Path) -> None:
    """Our runner over another folder, in a process of its own."""
    subprocess.run(
        [sys.executable, "-c", ENGINE, folder], env={**os.environ, "DATABASE_URL": database.url}, check=True
    )


def line(name: str, ours: float, theirs: float, goal: float) -> None:
    print(f"{name:<44} {ours:7.3f} s  {theirs:7.3f} s  ratio {ours / theirs:5.2f}  (goal <= {goal})")


def measure(server: Server) -> None:
    numbers = iter(range(10**6))
    server.create("bench_template").query("CREATE EXTENSION vector")

    def fresh() -> Database:
        return server.create(f"bench_{next(numbers)}", "bench_template")

    def migrated() -> Database:
        database = fresh()
        command(database, "migrate")
        return database

    shipped = files.folder()
    ours = best(fresh, lambda database: command(database, "migrate"))
    line(
        "shipped migrations : psql -1 -f … (one process)",
        ours,
        best(fresh, lambda each: psql_once(each, shipped)),
        1.5,
    )
    line(
        "shipped migrations : loop over psql -f", ours, best(fresh, lambda each: psql_loop(each, shipped)), 1.5
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(1, MANY + 1):
            (folder / f"{number:04}_m.sql").write_text(f"CREATE TABLE t{number} (id int PRIMARY KEY);\n")
        ours = best(fresh, lambda each: engine(each, folder), 1)
        line(
            f"{MANY} small migrations : loop over psql -f",
            ours,
            best(fresh, lambda each: psql_loop(each, folder), 1),
            0.5,
        )
    seconds = best(migrated, lambda each: command(each, "status"))
    print(f"{'db status, up to date':<44} {seconds:7.3f} s  (goal <= 0.35 s)")


if __name__ == "__main__":
    with postgres.running() as running:
        measure(running)
