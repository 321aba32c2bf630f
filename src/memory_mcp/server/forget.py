"""The tool forget: delete memories, by id or by meaning; only what is meant for sure."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from memory_mcp.errors import ConfigurationError
from memory_mcp.server.answers import Forgotten, Planned
from memory_mcp.server.app import App
from memory_mcp.server.recall import Search, embed, nearest, wanted
from memory_mcp.store.records import Index, Memory

CANDIDATES: Final = 20  # found by meaning
MOST: Final = 1000  # deleted by one call
SURE: Final = 0.8  # cosine similarity from which a text counts as the one that was meant
EVERYTHING: Final = "*"


@dataclass(frozen=True)
class Request:
    """What a tool call asks to forget."""

    text: str
    index: str | None
    filters: Mapping[str, Any]
    ids: Sequence[str]
    dry_run: bool


async def forget(app: App, request: Request) -> Forgotten:
    """Plan; and when it is no dry run, delete what the plan is sure of."""
    started = time.monotonic()
    place, plan = await _plan(app, request)
    sure = [item.id for item in plan if item.confidence == "high"]
    deleted: list[str] = []
    if place is not None and sure and not request.dry_run:
        deleted = await _delete(app, place, sure, request.text, started)
    return Forgotten(
        project=app.project,
        index=app.index_name(request.index),
        dry_run=request.dry_run,
        plan=plan,
        deleted_count=len(deleted),
        deleted_ids=deleted,
        unknown_ids=sorted(set(request.ids) - {item.id for item in plan}),
        note=_note(request, len(plan), len(sure)),
    )


async def _plan(app: App, request: Request) -> tuple[Index | None, list[Planned]]:
    if request.ids:
        return await _by_id(app, request)
    if request.text.strip() == EVERYTHING:
        return await _by_filter(app, request)
    search = Search(request.text, request.index, CANDIDATES, request.filters)
    vector = await embed(app, request.text)
    async with app.transaction() as connection:
        place, found = await nearest(app, connection, search, vector)
    return place, [_by_meaning(memory, request.text) for memory in found]


async def _by_id(app: App, request: Request) -> tuple[Index | None, list[Planned]]:
    from memory_mcp.store import memories
    from memory_mcp.store.conditions import Condition

    async with app.transaction() as connection:
        place = await app.index(connection, request.index)
        if place is None:
            return None, []
        condition = Condition("id = ANY(%s)", (list(request.ids),))
        found = await memories.matching(connection, place.id, condition, MOST)
    return place, [_planned(memory, "named by its id") for memory in found]


async def _by_filter(app: App, request: Request) -> tuple[Index | None, list[Planned]]:
    from memory_mcp.store import memories

    if not request.filters:
        raise ConfigurationError(
            'forget "*" without filters would empty the whole index',
            "that is never done by a tool call",
            "add filters, or name ids in explicitMemoryIds",
        )
    condition = wanted(Search(request.text, request.index, MOST, request.filters))
    async with app.transaction() as connection:
        place = await app.index(connection, request.index)
        if place is None:
            return None, []
        found = await memories.matching(connection, place.id, condition, MOST)
    return place, [_planned(memory, "matches the filters") for memory in found]


async def _delete(app: App, place: Index, ids: Sequence[str], why: str, started: float) -> list[str]:
    from memory_mcp.store import memories

    async with app.transaction() as connection:
        deleted = await memories.delete(connection, place.id, ids)
        took = round((time.monotonic() - started) * 1000)
        entries = [
            {
                "action": "forget",
                "tool": "forget",
                "latency": took,
                "metadata": {"memoryId": gone, "input": why[:200]},
            }
            for gone in deleted
        ]
        await memories.log(connection, place, entries)
    return deleted


def _by_meaning(memory: Memory, text: str) -> Planned:
    score = memory.score or 0.0
    if memory.content.strip().casefold() == text.strip().casefold():
        return _planned(memory, "has exactly this text")
    sure = score >= SURE
    return _planned(memory, f"similarity {score:.2f}", sure)


def _planned(memory: Memory, reason: str, sure: bool = True) -> Planned:
    return Planned(id=memory.id, text=memory.content, confidence="high" if sure else "low", reason=reason)


def _note(request: Request, planned: int, sure: int) -> str | None:
    if not planned:
        return "Nothing fits, so nothing would be deleted." if request.dry_run else "Nothing fits."
    if request.dry_run:
        return "Nothing was deleted. Call again with dryRun false, best with explicitMemoryIds from this plan."
    if sure < planned:
        return "Memories of low confidence were kept. To delete them too, name them in explicitMemoryIds."
    return None
