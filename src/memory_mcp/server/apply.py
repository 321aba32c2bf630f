"""Carrying out a refinement plan in one transaction; what changed since it was made is left alone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from memory_mcp.refinement import Action, Operation
from memory_mcp.server.app import App
from memory_mcp.store.records import Index, Memory, NewMemory

if TYPE_CHECKING:
    from memory_mcp.store.database import Connection

# a summary says that its sources came one after the other; that one led to the next is a guess
GUESS = 0.5


class Work:
    """One plan on one index; `known` are the memories that it was made from."""

    def __init__(self, app: App, place: Index, operation: Operation, known: Sequence[Memory]) -> None:
        self._app, self._place, self._operation = app, place, operation
        self._known = {memory.id: memory for memory in known}

    async def carry_out(self, actions: Sequence[Action]) -> int:
        """Do all of it or, on an error, nothing; return how many actions had an effect."""
        from memory_mcp.store import memories

        started = time.monotonic()
        texts = [action.text or "" for action in actions if action.kind == "CREATE"]
        vectors = iter(await self._app.embedder.embed(texts) if texts else [])
        done = []
        async with self._app.transaction() as connection:
            for action in actions:
                if action.kind == "CREATE":
                    await self._create(connection, action, next(vectors))
                    done.append(action)
                elif await self._change(connection, action):
                    done.append(action)
            took = round((time.monotonic() - started) * 1000)
            entries = [
                {
                    "memory_id": action.target if action.kind == "MERGE" else None,
                    "action": "refine",
                    "tool": "refine_memories",
                    "latency": took,
                    "metadata": {"operation": self._operation, "type": action.kind, "ids": list(action.ids)},
                }
                for action in done
            ]
            await memories.log(connection, self._place, entries)
        return len(done)

    async def _change(self, connection: Connection, action: Action) -> bool:
        from memory_mcp.store import memories, refine
        from memory_mcp.store.relationships import Link, link

        if action.kind == "UPDATE":
            return await refine.set_priorities(connection, self._place, action.priorities) > 0
        if action.kind == "DELETE":
            return bool(await memories.delete(connection, self._place.id, action.ids))
        target = action.target or ""
        merged = await refine.supersede(connection, self._place, target, action.ids)
        await link(connection, self._place, [Link(target, one, "consolidates") for one in merged])
        return bool(merged)

    async def _create(self, connection: Connection, action: Action, vector: Sequence[float]) -> None:
        """Store a summary, linked to its sources, and those to each other in the order of time."""
        from memory_mcp.store import memories
        from memory_mcp.store.relationships import Link, link

        new = self._summary(action)
        fitted = self._app.fitted(self._place, vector)
        await self._app.record_model(connection, self._place)
        await memories.insert(connection, self._place, [(new, fitted)], datetime.now(timezone.utc))
        links = [Link(new.id, one, "summarizes") for one in action.ids]
        links += [Link(earlier, later, "leads_to", GUESS) for earlier, later in itertools.pairwise(action.ids)]
        await link(connection, self._place, links)

    def _summary(self, action: Action) -> NewMemory:
        """Make the summary's row: it happened when its last source did, and matters as much as any of them."""
        sources = [self._known[one] for one in action.ids]
        topics = {source.topic for source in sources}
        return NewMemory(
            action.text or "",
            memory_type="pattern",
            topic=topics.pop() if len(topics) == 1 else None,
            importance=max(source.importance for source in sources),
            tags=tuple(dict.fromkeys(tag for source in sources for tag in source.tags)),
            source="system",
            kind="summary",
            derived_from_ids=action.ids,
            valid_at=max(source.valid_at or source.created_at for source in sources),
        )
