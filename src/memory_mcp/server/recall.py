"""The tool recall: the memories that mean what the question asks for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from memory_mcp import filters
from memory_mcp.errors import ConfigurationError
from memory_mcp.server.answers import Recalled, Recollection
from memory_mcp.server.app import App
from memory_mcp.server.shape import recollection
from memory_mcp.store.conditions import Condition, to_sql
from memory_mcp.store.records import Index, Memory

if TYPE_CHECKING:
    from memory_mcp.store.database import Connection

ResponseMode = Literal["answer", "memories", "both"]


@dataclass(frozen=True)
class Search:
    """What is searched for and where, as a tool call says it."""

    query: str
    index: str | None
    limit: int
    filters: Mapping[str, Any]
    expression: str | None = None


async def recall(app: App, search: Search, mode: ResponseMode) -> Recalled:
    """Search, count the access of every memory that is shown, and answer."""
    from memory_mcp.store import memories, relationships

    started = time.monotonic()
    vector = await embed(app, search.query)
    links: list[dict[str, Any]] = []
    async with app.transaction() as connection:
        place, found = await nearest(app, connection, search, vector)
        if place is not None and found:
            took = round((time.monotonic() - started) * 1000)
            await memories.touch(connection, place, found, "recall", took)
            if mode != "answer":
                links = await relationships.of(connection, place, [memory.id for memory in found])
    now = datetime.now(timezone.utc)
    shown = [recollection(memory, now, links=links) for memory in found]
    return Recalled(
        project=app.project,
        index=app.index_name(search.index),
        answer=None if mode == "memories" else in_words(shown),
        memories=None if mode == "answer" else shown,
        note=_note(app, place, search) if not found else None,
    )


async def embed(app: App, query: str) -> list[float]:
    """Embed a question, before the transaction: it may take seconds. Raises ConfigurationError."""
    if not query.strip():
        raise ConfigurationError("The query is empty", "", "say in words what to look for")
    [vector] = await app.embedder.embed([query.strip()])
    return vector


async def nearest(
    app: App, connection: Connection, search: Search, vector: list[float]
) -> tuple[Index | None, list[Memory]]:
    """Find the nearest memories of the index that is meant; None when the default one does not exist yet."""
    from memory_mcp.store import search as vector_search

    condition = wanted(search)
    place = await app.index(connection, search.index)
    if place is None:
        return None, []
    await app.check_model(connection, place)
    question = vector_search.Question(app.fitted(place, vector), condition, search.limit)
    found = await vector_search.nearest(connection, place.id, question, await app.plan(connection))
    return place, found


def wanted(search: Search) -> Condition:
    """Give the condition of `filters` and the expression together; raises FilterError."""
    nodes = [filters.from_object(search.filters)]
    if search.expression and search.expression.strip():
        nodes.append(filters.parse(search.expression))
    return to_sql(filters.Both(tuple(nodes)))


def in_words(found: list[Recollection]) -> str:
    """Quote the memories as a list; wording an answer is the part of the model that called."""
    if not found:
        return "Nothing was found."
    return "\n".join(f"- {memory.text} ({memory.age})" for memory in found)


def _note(app: App, place: Index | None, search: Search) -> str:
    where = f"index {app.index_name(search.index)!r} of project {app.project!r}"
    if place is None:
        return f"The {where} does not exist yet: memorize makes it."
    narrowed = bool(search.filters or search.expression)
    return f"The {where} holds nothing that fits{' the filters' if narrowed else ''}."
