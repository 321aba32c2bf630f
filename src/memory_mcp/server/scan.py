"""The tool scan_memories: look at what is stored, by meaning and by words, without counting it as use."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from memory_mcp.server.answers import Scanned
from memory_mcp.server.app import App
from memory_mcp.server.recall import Search, embed, nearest, wanted
from memory_mcp.server.shape import recollection


async def scan(app: App, search: Search, semantic_weight: float, with_metadata: bool) -> Scanned:
    """Search by both, log the scan, and show scores."""
    from memory_mcp.store import keywords, memories

    started = time.monotonic()
    vector = await embed(app, search.query)
    async with app.transaction() as connection:
        place, found = await nearest(app, connection, search, vector)
        if place is not None and semantic_weight < 1:
            by_words = await keywords.matching(connection, place.id, search.query, wanted(search), search.limit)
            ids = list(dict.fromkeys([*(memory.id for memory in found), *by_words]))
            fitted = app.fitted(place, vector)
            found = await keywords.scored(connection, ids, search.query, fitted, semantic_weight)
            found = found[: search.limit]
        took = round((time.monotonic() - started) * 1000)
        if place is not None:
            entry = {
                "action": "scan",
                "tool": "scan_memories",
                "latency": took,
                "metadata": {"results": len(found)},
            }
            await memories.log(connection, place, [entry])
    now = datetime.now(timezone.utc)
    return Scanned(
        project=app.project,
        index=app.index_name(search.index),
        search_status="results" if found else "no_results",
        results=[recollection(memory, now, with_metadata) for memory in found],
        semantic_weight=semantic_weight,
        duration_ms=took,
    )
