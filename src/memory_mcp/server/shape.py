"""A stored memory in the words of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from memory_mcp.server.answers import Recollection
from memory_mcp.store.records import IMPORTANCE, Memory

_UNITS: Final = (
    ("year", 365 * 86_400),
    ("month", 30 * 86_400),
    ("day", 86_400),
    ("hour", 3600),
    ("minute", 60),
)


def recollection(
    memory: Memory, now: datetime, with_metadata: bool = True, links: Sequence[Mapping[str, Any]] = ()
) -> Recollection:
    """Show one memory, with those of the links that touch it; scores keep four digits, more is noise."""
    own = [
        {"sourceId": link["source_id"], "type": link["type"], "targetId": link["target_id"]}
        for link in links
        if memory.id in (link["source_id"], link["target_id"])
    ]
    return Recollection(
        id=memory.id,
        text=memory.content,
        score=None if memory.score is None else round(memory.score, 4),
        age=age(memory.valid_at or memory.created_at, now),
        metadata=metadata(memory) if with_metadata else None,
        relationships=own or None,
    )


def metadata(memory: Memory) -> dict[str, Any]:
    """Give the stored metadata with the columns' values on top: a column may have changed since."""
    columns = {
        "memoryType": memory.memory_type,
        "topic": memory.topic,
        "importance": IMPORTANCE[memory.importance],
        "tags": memory.tags or None,
        "source": memory.source,
        "sourcePath": memory.source_path,
        "channel": memory.channel,
        "kind": memory.kind,
        "stability": memory.stability,
        "priority": round(memory.current_priority, 3),
        "derivedFromIds": memory.derived_from_ids,
    }
    return memory.metadata | {key: value for key, value in columns.items() if value is not None}


def age(since: datetime, now: datetime) -> str:
    """Say how long ago in one unit, for example "3 days ago"."""
    seconds = (now - since).total_seconds()
    for unit, length in _UNITS:
        count = int(seconds // length)
        if count >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now" if seconds >= 0 else "in the future"
