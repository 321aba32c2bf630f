"""The tool memorize: keep a text, and the text of files, as memories."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from memory_mcp.errors import ConfigurationError
from memory_mcp.server import files
from memory_mcp.server.answers import Memorized
from memory_mcp.server.app import App
from memory_mcp.store.records import Index, NewMemory, from_metadata

if TYPE_CHECKING:
    from memory_mcp.store.database import Connection
    from memory_mcp.store.relationships import Link

LONGEST: Final = 100_000  # characters of one input: about what an embedding model reads at all


@dataclass(frozen=True)
class Keep:
    """What a tool call asks to remember."""

    text: str
    files: Sequence[str]
    index: str | None
    metadata: Mapping[str, Any]


async def memorize(app: App, keep: Keep, roots: Sequence[Path]) -> Memorized:
    """Store what is new; a text that the index holds already, word for word, is not stored twice."""
    from memory_mcp.store import memories

    started = time.monotonic()
    wanted = _wanted(keep, roots)
    async with app.transaction() as connection:
        place, created = await app.index_to_write(connection, keep.index)
        await app.check_model(connection, place)
        known = await memories.same_content(connection, place.id, [new.content for new in wanted])
    new = [memory for memory in wanted if memory.content not in known]
    if new:
        vectors = await app.vectors(place, [memory.content for memory in new])
        known |= await _store(app, place, list(zip(new, vectors, strict=True)), started)
    ids = [known.get(memory.content, memory.id) for memory in wanted]
    return Memorized(
        project=app.project,
        index=place.name,
        index_created=created,
        stored_count=len(wanted) - len(known),
        memory_ids=ids,
        deduplicated_ids=[one for one in ids if one in set(known.values())],
    )


async def _store(
    app: App, place: Index, rows: list[tuple[NewMemory, list[float]]], started: float
) -> dict[str, str]:
    """Write memories, the index's model and the usage log in one transaction.

    Returns what another writer has stored meanwhile, as text → id; that is not written again.
    """
    from memory_mcp.store import memories

    now = datetime.now(timezone.utc)
    async with app.transaction() as connection:
        await app.record_model(connection, place)
        await memories.lock(connection, place.id)
        known = await memories.same_content(connection, place.id, [memory.content for memory, _ in rows])
        rows = [(memory, vector) for memory, vector in rows if memory.content not in known]
        await memories.insert(connection, place, rows, now)
        await _link(connection, place, [memory for memory, _ in rows])
        took = round((time.monotonic() - started) * 1000)
        entries = [
            {
                "memory_id": memory.id,
                "action": "memorize",
                "tool": "memorize",
                "latency": took,
                "priority": memory.priority_at(now),
            }
            for memory, _ in rows
        ]
        await memories.log(connection, place, entries)
    return known


async def _link(connection: Connection, place: Index, stored: Sequence[NewMemory]) -> None:
    """Store metadata.relationships. Raises ConfigurationError for a target that this index does not have."""
    from memory_mcp.store import relationships

    links = [link for memory in stored for link in links_of(memory)]
    if not links:
        return
    found = await relationships.link(connection, place, links)
    unknown = sorted({link.target for link in links} - found)
    if unknown:
        raise ConfigurationError(
            f"metadata.relationships names {', '.join(unknown)}",
            f"the index {place.name!r} has no such memory; nothing was stored",
            "recall shows ids",
        )


def links_of(memory: NewMemory) -> list[Link]:
    """Read metadata.relationships: [{"targetId": …, "type": …, "weight": 0..1}]. Raises ConfigurationError."""
    from memory_mcp.store.relationships import TYPES, Link

    links = []
    for entry in memory.metadata.get("relationships") or []:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("targetId"), str):
            raise ConfigurationError(
                "metadata.relationships has an entry without targetId", "", "name a memory's id"
            )
        if entry.get("type") not in TYPES:
            raise ConfigurationError(
                f"metadata.relationships has the type {entry.get('type')!r}",
                f"it is one of {', '.join(TYPES)}",
                "",
            )
        weight = entry.get("weight", 1.0)
        if not isinstance(weight, int | float) or not 0 <= weight <= 1:
            raise ConfigurationError(f"metadata.relationships has the weight {weight!r}", "it is 0 to 1", "")
        links.append(Link(memory.id, entry["targetId"], entry["type"], float(weight)))
    return links


def _wanted(keep: Keep, roots: Sequence[Path]) -> list[NewMemory]:
    """List what the call asks to keep, each text once."""
    text = _checked(keep.text.strip())
    if not text and not keep.files:
        raise ConfigurationError(
            "There is nothing to memorize", "input is empty", "say what to remember in input"
        )
    wanted = [from_metadata(text, keep.metadata)] if text else []
    for path in keep.files:
        file = files.read(path, roots)
        wanted += [
            from_metadata(piece, {**keep.metadata, "chunk": number}, source="file", source_path=file.name)
            for number, piece in enumerate(files.chunks(file.text), start=1)
        ]
    return list({memory.content: memory for memory in wanted}.values())


def _checked(text: str) -> str:
    if len(text) > LONGEST:
        why = f"the limit is {LONGEST:,}"
        raise ConfigurationError(f"input has {len(text):,} characters", why, "memorize it in several calls")
    return text
