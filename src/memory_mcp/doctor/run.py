"""Runs the checks one after the other; what depends on a failed one is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg

from memory_mcp.config import Settings
from memory_mcp.db import explain
from memory_mcp.db.connect import Connection
from memory_mcp.doctor import database, network
from memory_mcp.doctor.result import Result, fail, ok, skip, warn
from memory_mcp.errors import Exit, MemoryMcpError

_NETWORK = ("dns", "tcp", "login", "tls", "pooler")
_DATABASE = ("server", "extension", "rights", "schema", "dimensions", "room")


def checkup(
    settings: Settings, project: str | None = None, database_url: str | None = None
) -> Iterator[Result]:
    """Every check in order, as soon as it is known. Nothing is written."""
    yield _embeddings(settings)
    try:
        target = settings.database(project, database_url)
    except MemoryMcpError as error:
        yield fail("settings", error)
        yield from (skip(name, "settings") for name in _NETWORK + _DATABASE)
        return
    yield ok("settings", str(target))
    for number, check in enumerate((network.dns, network.tcp)):
        result = check(target)
        yield result
        if result.verdict == "fail":
            yield from (skip(name, result.id) for name in _NETWORK[number + 1 :] + _DATABASE)
            return
    try:
        result, connection = network.connect(target)
    except MemoryMcpError as error:
        yield fail("login", error)
        yield from (skip(name, "login") for name in _NETWORK[3:] + _DATABASE)
        return
    with connection:
        yield result
        yield network.tls(target, connection)
        yield network.pooler(connection)
        yield from _inside(connection, settings)


def exit_code(results: list[Result], *, strict: bool) -> Exit:
    """0 when nothing failed; 2 for the settings, 3 for the way to the database, else 1."""
    failed = {result.id for result in results if result.verdict == "fail"}
    if "settings" in failed:
        return Exit.USAGE
    if failed & {"dns", "tcp", "login"}:
        return Exit.UNREACHABLE
    warned = any(result.verdict == "warn" for result in results)
    return Exit.FAILED if failed or (strict and warned) else Exit.OK


def _inside(connection: Connection, settings: Settings) -> Iterator[Result]:
    checks: tuple[tuple[str, Callable[[], Result]], ...] = (
        ("server", lambda: database.server(connection)),
        ("extension", lambda: database.extension(connection)),
        ("rights", lambda: database.rights(connection)),
        ("schema", lambda: database.schema(connection)),
        ("dimensions", lambda: database.dimensions(connection, settings)),
        ("room", lambda: database.room(connection)),
    )
    broken = ""
    for name, check in checks:
        # without the extension there is no schema, and without the schema no column to look at
        if (broken and name == "dimensions") or (broken == "extension" and name == "schema"):
            yield skip(name, broken)
            continue
        result = _safely(name, check)
        if result.verdict == "fail" and name in {"extension", "schema"}:
            broken = broken or name
        yield result


def _safely(name: str, check: Callable[[], Result]) -> Result:
    try:
        return check()
    except MemoryMcpError as error:
        return fail(name, error)
    except psycopg.Error as error:
        return fail(name, explain.running(error.sqlstate, str(error), f"checking {name}"))


def _embeddings(settings: Settings) -> Result:
    """Is there something to embed with? No request is sent."""
    provider, key = settings.embedding_provider, settings.openai_api_key
    if provider == "openai" and not key:
        fix = "set OPENAI_API_KEY, or MEMORY_EMBEDDING_PROVIDER=local"
        return fail(
            "embeddings", MemoryMcpError("there is no OPENAI_API_KEY", "the provider openai needs one", fix)
        )
    if provider == "hashed":
        why = "it finds words, not meaning; it is for tests"
        return warn("embeddings", "the provider is hashed", why, "MEMORY_EMBEDDING_PROVIDER=local")
    if provider == "local" or not key:
        return ok("embeddings", "the local model; texts stay on this machine")
    return ok("embeddings", f"{settings.embedding_model} at {settings.openai_base_url or 'the API of OpenAI'}")
