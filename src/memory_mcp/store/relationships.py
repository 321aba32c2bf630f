"""The table memory_relationships: typed links inside one index, and whether time allows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from memory_mcp.store.database import Connection
from memory_mcp.store.records import Index

TYPES: Final = (
    *("summarizes", "example_of", "is_generalization_of", "supports", "contradicts", "causes", "similar_to"),
    *("historical_version_of", "derived_from", "leads_to", "informs", "consolidates", "evolves_into"),
)
# what a source does before its target happens, and what it can only do afterwards; the rest knows no order
EARLIER: Final = ("causes", "leads_to", "informs", "evolves_into", "historical_version_of")
LATER: Final = ("summarizes", "is_generalization_of", "consolidates", "derived_from")

# a link holds from the later of its two ends on
_LINK: Final = """
    INSERT INTO memory_relationships (project, index_id, source_id, target_id, relationship_type, confidence,
        valid_at, temporal_ok, temporal_reason)
    SELECT %(project)s, %(index_id)s, s.id, t.id, w.type, w.confidence,
        greatest(s.valid_at, t.valid_at),
        CASE WHEN w.type = ANY(%(earlier)s) THEN coalesce(s.valid_at <= t.valid_at, true)
             WHEN w.type = ANY(%(later)s) THEN coalesce(s.valid_at >= t.valid_at, true)
             ELSE true END,
        CASE WHEN w.type = ANY(%(earlier)s) AND s.valid_at > t.valid_at THEN 'source is later than target'
             WHEN w.type = ANY(%(later)s) AND s.valid_at < t.valid_at THEN 'source is earlier than target'
             END
    FROM unnest(%(sources)s::text[], %(targets)s::text[], %(types)s::text[], %(confidences)s::real[])
        AS w (source, target, type, confidence)
    JOIN memories s ON s.id = w.source AND s.index_id = %(index_id)s
    JOIN memories t ON t.id = w.target AND t.index_id = %(index_id)s
    ON CONFLICT (source_id, target_id, relationship_type, index_id) DO UPDATE
    SET confidence = excluded.confidence, valid_at = excluded.valid_at, temporal_ok = excluded.temporal_ok,
        temporal_reason = excluded.temporal_reason
    RETURNING target_id
"""
_OF: Final = """
    SELECT source_id, target_id, relationship_type AS type, confidence, temporal_ok FROM memory_relationships
    WHERE index_id = %s AND (source_id = ANY(%s) OR target_id = ANY(%s)) ORDER BY created_at, id
"""


class Link(NamedTuple):
    """One directed link, for example source summarizes target."""

    source: str
    target: str
    type: str
    confidence: float = 1.0


async def link(connection: Connection, index: Index, links: Sequence[Link]) -> set[str]:
    """Store links, replacing equal ones; return the targets that exist in this index."""
    cursor = await connection.execute(
        _LINK,
        {
            "project": index.project,
            "index_id": index.id,
            "earlier": list(EARLIER),
            "later": list(LATER),
            "sources": [one.source for one in links],
            "targets": [one.target for one in links],
            "types": [one.type for one in links],
            "confidences": [one.confidence for one in links],
        },
    )
    return {row["target_id"] async for row in cursor}


async def of(connection: Connection, index: Index, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Read the links that start or end at any of these memories."""
    cursor = await connection.execute(_OF, (index.id, list(ids), list(ids)))
    return [row async for row in cursor]
