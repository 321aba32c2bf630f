"""How fast the migrations are, next to psql on the same server: ./run python bench/migrate.py [COMMAND]

COMMAND is another installation's `memory-mcp`, such as /opt/memory-mcp/current/bin/memory-mcp.

Ratios, since machines differ. Every figure includes the start of the process. The rounds of all candidates take
turns, so that other work on the machine meets all of them; the middle round counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.integration import postgres
from tests.integration.postgres import Database, Server

from memory_mcp.db import files

COMMAND = Path(sys.argv[1] if len(sys.argv) > 1 else Path(sys.executable).with_name("memory-mcp"))
PYTHON = COMMAND.with_name("python")
ROUNDS = 10
MANY = 1000
ENGINE = """
import os, sys
from pathlib import Path
from statistics import median
from memory_mcp.config import load
from memory_mcp.db import runner
runner.migrate(load(os.environ).database(), runner.Request(folder=Path(sys.argv[1])))
"""
# The least that a program with psycopg can do: no check, no lock, no record, one call for each file.
FLOOR = """
import gc, os, sys
gc.disable()
import psycopg
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
    for path in sys.argv[1:]:
        with connection.transaction():
            connection.execute(open(path, "rb").read())
gc.freeze()
"""
Work = Callable[[Database], None]


def middle(setup: Callable[[], Database], works: dict[str, Work], rounds: int = ROUNDS) -> dict[str, float]:
    """Seconds of each work's middle round; `setup` makes a fresh database for each and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            database = setup()
            start = time.perf_counter()
            work(database)
            times[name].append(time.perf_counter() - start)
            database.server.drop(database.name)
    return {name: median(taken) for name, taken in times.items()}


def run(database: Database, *words: str | Path) -> None:
    """One process that finds the database in its environment."""
    environment = {**os.environ, "DATABASE_URL": database.url}
    subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=True)


def psql_once(database: Database, folder: Path) -> None:
    """One psql, one transaction, every file."""
    arguments = [argument for path in sorted(folder.glob("*.sql")) for argument in ("-f", str(path))]
    done = database.psql("-q", "-1", *arguments)
    assert done.returncode == 0, done.stderr


def psql_loop(database: Database, folder: Path) -> None:
    """One psql and one transaction for each file, as the guide's loop does."""
    for path in sorted(folder.glob("*.sql")):
        done = database.psql("-q", "-1", "-f", str(path))
        assert done.returncode == 0, done.stderr


def ratio(name: str, seconds: dict[str, float], theirs: str, goal: str = "") -> None:
    """One line: how many times as long as `theirs`."""
    print(f"{name:<36} {seconds[name]:7.3f} s  {seconds[name] / seconds[theirs]:6.2f} × {theirs}{goal}")


def shipped(fresh: Callable[[], Database]) -> None:
    folder = files.folder()
    paths = sorted(folder.glob("*.sql"))
    names = ("psql -1, every file in one process", "psql -1 -f, a process for each file")
    works: dict[str, Work] = {
        names[0]: lambda database: psql_once(database, folder),
        names[1]: lambda database: psql_loop(database, folder),
        "memory-mcp db migrate": lambda database: run(database, COMMAND, "db", "migrate"),
        "psycopg and the files, nothing else": lambda database: run(database, PYTHON, "-c", FLOOR, *paths),
        "python -c 'import psycopg'": lambda database: run(database, PYTHON, "-c", "import psycopg"),
        "python -c pass": lambda database: run(database, PYTHON, "-c", "pass"),
    }
    seconds = middle(fresh, works)
    for theirs in names:
        ratio("memory-mcp db migrate", seconds, theirs, "  (goal <= 1.5)")
    for name in works:
        ratio(name, seconds, names[0])


def many(fresh: Callable[[], Database], folder: Path) -> None:
    for number in range(1, MANY + 1):
        (folder / f"{number:04}_m.sql").write_text(f"CREATE TABLE t{number} (id int PRIMARY KEY);\n")
    ours, theirs = f"{MANY} small migrations", "psql -1 -f, a process for each file"
    works: dict[str, Work] = {
        ours: lambda database: run(database, PYTHON, "-c", ENGINE, folder),
        theirs: lambda database: psql_loop(database, folder),
    }
    ratio(ours, middle(fresh, works, 1), theirs, "  (goal <= 0.5)")


def measure(server: Server) -> None:
    numbers = count()
    server.create("bench_template").query("CREATE EXTENSION vector")
    run(server.create("bench_migrated", "bench_template"), COMMAND, "db", "migrate")

    def fresh() -> Database:
        return server.create(f"bench_{next(numbers)}", "bench_template")

    def migrated() -> Database:
        return server.create(f"bench_{next(numbers)}", "bench_migrated")

    shipped(fresh)
    status = middle(migrated, {"status": lambda database: run(database, COMMAND, "db", "status")})["status"]
    print(f"{'db status, up to date':<36} {status:7.3f} s  (goal <= 0.35 s)")
    with tempfile.TemporaryDirectory() as name:
        many(fresh, Path(name))


if __name__ == "__main__":
    with postgres.running() as running:
        measure(running)
