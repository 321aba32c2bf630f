"""How fast the server is, next to what it cannot do without: ./run python bench/server.py

Ratios, since machines differ: its start against importing the MCP SDK alone, a recall against the same search
sent straight to PostgreSQL, the smoke test against two starts of the server.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
from mcp import Client, StdioServerParameters

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.integration import postgres
from tests.integration.serving import Session, settings

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import runner
from memory_mcp.embeddings.local import LocalEmbedder
from memory_mcp.embeddings.vectors import fit, literal

COMMAND = Path(sys.executable).with_name("memory-mcp")
ROUNDS = 7
MEMORIES = 1000
CALLS = 200
WORDS = ("dog", "cat", "tax", "house", "river", "mountain", "invoice", "meeting", "summer", "winter", "bread")
SEARCH = """
    SELECT id, content, 1 - (embedding <=> %s::vector) FROM memories ORDER BY embedding <=> %s::vector LIMIT 10
"""


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of several rounds; the fastest holds the least noise."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


async def median(work: Callable[[int], Awaitable[object]]) -> float:
    """Median seconds of a call, after some to warm up."""
    times = []
    for number in range(CALLS + 20):
        started = time.perf_counter()
        await work(number)
        times.append(time.perf_counter() - started)
    return statistics.median(times[20:])


def sentence(number: int) -> str:
    return (
        f"Note {number}: the {WORDS[number % 11]} and the {WORDS[number * 7 % 10]} of {WORDS[number * 5 % 9]}"
    )


def sdk() -> float:
    """Seconds from starting Python to having imported the SDK."""
    started = time.perf_counter()
    program = "from mcp.server import MCPServer; print('done', flush=True)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        return time.perf_counter() - started


def handshake(env_file: Path) -> float:
    """Seconds from starting the command to its answer to `initialize`, by the pipe alone."""
    hello = (
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",'
        '"capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}\n'
    )
    started = time.perf_counter()
    with subprocess.Popen(
        [COMMAND, "serve", "--env-file", env_file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write(hello)
        process.stdin.flush()
        assert '"result"' in process.stdout.readline()
        took = time.perf_counter() - started
        process.stdin.close()
    return took


async def recalls(env_file: Path, url: str) -> tuple[float, float]:
    """Median seconds of a recall over stdio, and of its search alone with psycopg."""
    parameters = StdioServerParameters(command=str(COMMAND), args=["serve", "--env-file", str(env_file)])
    async with Client(parameters) as client:
        session = Session(client)
        for number in range(MEMORIES):
            await session.ok("memorize", input=sentence(number))
        ours = await median(
            lambda number: session.ok("recall", query=sentence(number), responseMode="memories")
        )
    embedder = LocalEmbedder()
    questions = [
        literal(fit(v, 1536, "")) for v in await embedder.embed([sentence(n) for n in range(CALLS + 20)])
    ]
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:

        async def search(number: int) -> object:
            question = questions[number]
            return await (await connection.execute(SEARCH, (question, question))).fetchall()

        alone = await median(search)
    return ours, alone


def line(name: str, ours: float, theirs: float, goal: float) -> None:
    figures = f"{ours * 1000:8.1f} ms {theirs * 1000:8.1f} ms  ratio {ours / theirs:5.2f}"
    print(f"{name:<52} {figures}  (goal <= {goal})")


def main() -> None:
    with postgres.running() as server, tempfile.TemporaryDirectory() as name:
        server.create("bench_template").query("CREATE EXTENSION vector")
        database = server.create("bench", "bench_template")
        runner.migrate(DatabaseTarget("bench", database.url, "bench"))
        env_file = settings(database.url, Path(name)).env_file
        assert env_file is not None
        imported = min(sdk() for _ in range(ROUNDS))
        started = min(handshake(env_file) for _ in range(ROUNDS))
        smoke = [COMMAND, "smoke", "--env-file", env_file]
        smoked = best(lambda: subprocess.run(smoke, check=True, stdout=subprocess.DEVNULL))
        recalled, searched = asyncio.run(recalls(env_file, database.url))
    line("start to initialize / importing the SDK", started, imported, 1.2)
    line("whole smoke test / start to initialize", smoked, started, 3)
    line(f"recall over stdio, {MEMORIES} memories / its search in SQL", recalled, searched, 6)


if __name__ == "__main__":
    main()
