"""What every version of the schema must look like: the agreement with the other servers that use it.

It is written down here a second time, apart from the SQL, so that `verify` and `baseline` do not compare the
migrations with themselves. `since` and `until` are versions of migrations: an object belongs to the schema from
the first on and before the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

INITIAL = 20250117000001
RELATIONSHIP_INDEX = 20250118000001
METADATA_INDEXES = 20250119000000
TIME = 20250120000000
_NEVER = 10**18

TABLES = ("memories", "memory_indexes", "memory_relationships", "memory_usage_log")


@dataclass(frozen=True)
class Column:
    """A column; `type` as format_type() shows it, `default` as `catalog.plain` shows it (None: free).

    What is not `required` may be left out of an INSERT. The dimension of `vector` follows the model.
    """

    table: str
    name: str
    type: str
    required: bool = False
    default: str | None = None
    since: int = INITIAL
    until: int = _NEVER


@dataclass(frozen=True)
class Key:
    """A primary key, unique constraint or foreign key, compared by what it says; its name is free."""

    table: str
    definition: str
    since: int = INITIAL
    until: int = _NEVER


@dataclass(frozen=True)
class Check:
    """A check constraint, compared by what it lets through: values that it must accept, and must refuse."""

    table: str
    name: str
    column: str
    accepts: tuple[Any, ...]
    refuses: tuple[Any, ...]
    since: int = INITIAL
    until: int = _NEVER


@dataclass(frozen=True)
class Index:
    """An index; `definition` as pg_get_indexdef() shows it from its method on."""

    table: str
    name: str
    definition: str
    since: int = INITIAL
    until: int = _NEVER


Item = TypeVar("Item", Column, Key, Check, Index)


def at(items: tuple[Item, ...], version: int) -> tuple[Item, ...]:
    """Those that belong to the schema after migration `version`."""
    return tuple(item for item in items if item.since <= version < item.until)


def versions() -> tuple[int, ...]:
    """Every version at which the schema changes."""
    items = (*COLUMNS, *KEYS, *CHECKS, *INDEXES)
    return tuple(sorted({item.since for item in items}))


_UUID, _NOW = "gen_random_uuid()", "now()"

COLUMNS = (
    Column("memory_indexes", "id", "uuid", True, _UUID),
    Column("memory_indexes", "project", "text", True),
    Column("memory_indexes", "name", "text", True),
    Column("memory_indexes", "description", "text"),
    Column("memory_indexes", "metadata", "jsonb", default="{}"),
    Column("memory_indexes", "created_at", "timestamp with time zone", True, _NOW),
    Column("memories", "id", "text", True),
    Column("memories", "index_id", "uuid", True),
    Column("memories", "project", "text", True),
    Column("memories", "content", "text", True),
    Column("memories", "embedding", "vector", True),
    Column("memories", "memory_type", "text", True),
    Column("memories", "topic", "text"),
    Column("memories", "importance", "smallint", True, "0"),
    Column("memories", "tags", "text[]", default="{}"),
    Column("memories", "source", "text"),
    Column("memories", "source_path", "text"),
    Column("memories", "channel", "text"),
    Column("memories", "initial_priority", "real", True, "0"),
    Column("memories", "current_priority", "real", True, "0"),
    Column("memories", "created_at", "timestamp with time zone", True, _NOW),
    Column("memories", "updated_at", "timestamp with time zone", True, _NOW),
    Column("memories", "last_accessed_at", "timestamp with time zone"),
    Column("memories", "access_count", "integer", True, "0"),
    Column("memories", "max_access_count", "integer", True, "0"),
    Column("memories", "sleep_cycles", "integer", True, "0"),
    Column("memories", "stability", "text", default="tentative"),
    Column("memories", "kind", "text", default="raw"),
    Column("memories", "derived_from_ids", "text[]"),
    Column("memories", "superseded_by_id", "text"),
    Column("memories", "metadata", "jsonb", default="{}"),
    Column("memories", "valid_at", "timestamp with time zone", default=_NOW, since=TIME),
    Column("memories", "recorded_at", "timestamp with time zone", default=_NOW, since=TIME),
    Column("memories", "time_confidence", "real", default="1", since=TIME),
    Column("memory_relationships", "id", "uuid", True, _UUID),
    Column("memory_relationships", "project", "text", True),
    Column("memory_relationships", "source_id", "text", True),
    Column("memory_relationships", "target_id", "text", True),
    Column("memory_relationships", "relationship_type", "text", True),
    Column("memory_relationships", "confidence", "real", default="1"),
    Column("memory_relationships", "metadata", "jsonb"),
    Column("memory_relationships", "created_at", "timestamp with time zone"),
    Column("memory_relationships", "index_id", "uuid", True, since=RELATIONSHIP_INDEX),
    Column("memory_relationships", "valid_at", "timestamp with time zone", since=TIME),
    Column("memory_relationships", "recorded_at", "timestamp with time zone", default=_NOW, since=TIME),
    Column("memory_relationships", "temporal_ok", "boolean", default="true", since=TIME),
    Column("memory_relationships", "temporal_reason", "text", since=TIME),
    Column("memory_usage_log", "id", "bigint", True, "nextval(memory_usage_log_id_seq)"),
    Column("memory_usage_log", "project", "text", True),
    Column("memory_usage_log", "memory_id", "text"),
    Column("memory_usage_log", "index_id", "uuid"),
    Column("memory_usage_log", "action", "text", True),
    Column("memory_usage_log", "tool_name", "text"),
    Column("memory_usage_log", "success", "boolean", True),
    Column("memory_usage_log", "latency_ms", "integer"),
    Column("memory_usage_log", "priority_before", "real"),
    Column("memory_usage_log", "priority_after", "real"),
    Column("memory_usage_log", "accessed_at", "timestamp with time zone", True, _NOW),
    Column("memory_usage_log", "metadata", "jsonb"),
)

_TO_MEMORY = "REFERENCES memories(id) ON DELETE"
_TO_INDEX = "REFERENCES memory_indexes(id) ON DELETE"

KEYS = (
    Key("memory_indexes", "PRIMARY KEY (id)"),
    Key("memory_indexes", "UNIQUE (project, name)"),
    Key("memory_indexes", "UNIQUE (id, project)"),
    Key("memories", "PRIMARY KEY (id)"),
    Key("memories", "FOREIGN KEY (index_id, project) REFERENCES memory_indexes(id, project) ON DELETE CASCADE"),
    Key("memories", f"FOREIGN KEY (superseded_by_id) {_TO_MEMORY} SET NULL"),
    Key("memory_relationships", "PRIMARY KEY (id)"),
    Key("memory_relationships", f"FOREIGN KEY (source_id) {_TO_MEMORY} CASCADE"),
    Key("memory_relationships", f"FOREIGN KEY (target_id) {_TO_MEMORY} CASCADE"),
    Key("memory_relationships", "UNIQUE (source_id, target_id, relationship_type)", until=RELATIONSHIP_INDEX),
    Key("memory_relationships", f"FOREIGN KEY (index_id) {_TO_INDEX} CASCADE", since=RELATIONSHIP_INDEX),
    Key(
        "memory_relationships",
        "UNIQUE (source_id, target_id, relationship_type, index_id)",
        since=RELATIONSHIP_INDEX,
    ),
    Key("memory_usage_log", "PRIMARY KEY (id)"),
    Key("memory_usage_log", f"FOREIGN KEY (memory_id) {_TO_MEMORY} SET NULL"),
    Key("memory_usage_log", f"FOREIGN KEY (index_id) {_TO_INDEX} SET NULL"),
)

_TYPES = ("self", "belief", "pattern", "episodic", "semantic")
_RELATIONS = (
    *("summarizes", "example_of", "is_generalization_of", "supports", "contradicts"),
    *("causes", "similar_to", "historical_version_of", "derived_from"),
)
_TIMED = ("leads_to", "informs", "consolidates", "evolves_into")
_ACTIONS = ("memorize", "recall", "forget", "refine", "scan")
_UNIT, _OUTSIDE = (0, 0.5, 1), (-0.01, 1.01)
_RELATION_CHECK = ("memory_relationships", "memory_relationships_type_check", "relationship_type")

CHECKS = (
    Check("memories", "memories_memory_type_check", "memory_type", _TYPES, ("", "fact")),
    Check("memories", "memories_importance_check", "importance", (0, 1, 2), (-1, 3)),
    Check("memories", "memories_priority_check", "initial_priority", _UNIT, _OUTSIDE),
    Check("memories", "memories_priority_check", "current_priority", _UNIT, _OUTSIDE),
    Check(
        "memories", "memories_stability_check", "stability", ("tentative", "stable", "canonical"), ("", "firm")
    ),
    Check("memories", "memories_kind_check", "kind", ("raw", "summary", "derived"), ("", "other")),
    Check(
        "memories", "memories_time_confidence_check", "time_confidence", (None, *_UNIT), _OUTSIDE, since=TIME
    ),
    Check(*_RELATION_CHECK, _RELATIONS, ("", "likes", *_TIMED), until=TIME),
    Check(*_RELATION_CHECK, _RELATIONS + _TIMED, ("", "likes"), since=TIME),
    Check("memory_relationships", "memory_relationships_confidence_check", "confidence", _UNIT, _OUTSIDE),
    Check("memory_usage_log", "memory_usage_log_action_check", "action", _ACTIONS, ("", "other")),
)

_VALID = "WHERE (valid_at IS NOT NULL)"

INDEXES = (
    Index("memory_indexes", "idx_memory_indexes_name", "btree (name)"),
    Index("memories", "idx_memories_index", "btree (index_id)"),
    Index("memories", "idx_memories_type_topic", "btree (memory_type, topic)"),
    Index("memories", "idx_memories_importance_priority", "btree (importance DESC, current_priority DESC)"),
    Index("memories", "idx_memories_recency", "btree (created_at DESC)"),
    Index("memories", "idx_memories_last_accessed", "btree (last_accessed_at DESC)"),
    Index(
        "memories",
        "idx_memories_active_priority",
        "btree (current_priority DESC, created_at DESC) WHERE (superseded_by_id IS NULL)",
    ),
    Index("memories", "idx_memories_tags", "gin (tags)"),
    Index("memories", "idx_memories_priority_recency", "btree (current_priority DESC, last_accessed_at DESC)"),
    Index("memories", "idx_memories_embedding_ivfflat", "ivfflat (embedding vector_cosine_ops)"),
    Index("memory_relationships", "idx_memory_relationships_source", "btree (source_id)"),
    Index("memory_relationships", "idx_memory_relationships_target", "btree (target_id)"),
    Index("memory_relationships", "idx_memory_relationships_type", "btree (relationship_type)"),
    Index("memory_usage_log", "idx_memory_usage_log_accessed", "btree (accessed_at DESC)"),
    Index("memory_usage_log", "idx_memory_usage_log_memory", "btree (memory_id, accessed_at DESC)"),
    Index("memory_usage_log", "idx_memory_usage_log_index", "btree (index_id, accessed_at DESC)"),
    Index("memory_usage_log", "idx_memory_usage_log_action", "btree (action, accessed_at DESC)"),
    Index(
        "memory_relationships", "idx_memory_relationships_index", "btree (index_id)", since=RELATIONSHIP_INDEX
    ),
    Index(
        "memories",
        "idx_memories_type_topic_priority",
        "btree (index_id, memory_type, topic, current_priority DESC)",
        since=METADATA_INDEXES,
    ),
    Index(
        "memory_relationships",
        "idx_memory_relationships_source_type",
        "btree (source_id, relationship_type)",
        since=METADATA_INDEXES,
    ),
    Index(
        "memory_relationships",
        "idx_memory_relationships_target_type",
        "btree (target_id, relationship_type)",
        since=METADATA_INDEXES,
    ),
    Index("memories", "idx_memories_metadata_gin", "gin (metadata jsonb_path_ops)", since=METADATA_INDEXES),
    Index("memories", "idx_memories_valid_at", f"brin (valid_at) {_VALID}", since=TIME),
    Index(
        "memories",
        "idx_memories_valid_priority",
        f"btree (valid_at DESC, current_priority DESC) {_VALID}",
        since=TIME,
    ),
    Index("memory_relationships", "idx_memory_relationships_valid_at", "btree (valid_at)", since=TIME),
)

TRIGGER = (
    "memories_updated_at",
    "BEFORE UPDATE ON memories FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()",
)
# the body of its function, as `catalog.bare` shows it
TRIGGER_FUNCTION = ("update_updated_at_column()", "begin new.updated_at=now();return new;end")
