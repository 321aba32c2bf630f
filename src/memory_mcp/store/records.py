"""What goes into the table memories and what comes out, as plain values."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final

from memory_mcp.errors import ConfigurationError
from memory_mcp.priority import Traits, priority

TYPES: Final = ("self", "belief", "pattern", "episodic", "semantic")
IMPORTANCE: Final = ("low", "medium", "high")  # the column holds the position
STABILITY: Final = ("tentative", "stable", "canonical")
KINDS: Final = ("raw", "summary", "derived")


@dataclass(frozen=True)
class Model:
    """Which model made an index's vectors; recorded as memory_indexes.metadata.embedding."""

    provider: str
    model: str
    dimensions: int

    def as_json(self) -> dict[str, Any]:
        """The recorded form."""
        return {"provider": self.provider, "model": self.model, "dimensions": self.dimensions}

    @classmethod
    def from_json(cls, value: Any) -> Model | None:
        """Read the recorded form; None when nothing usable was recorded."""
        if not isinstance(value, Mapping) or not isinstance(value.get("model"), str):
            return None
        return cls(str(value.get("provider", "")), value["model"], int(value.get("dimensions") or 0))


@dataclass(frozen=True)
class Index:
    """One named collection of memories inside a project; `width` is the dimensions of the column embedding."""

    id: uuid.UUID
    project: str
    name: str
    description: str | None
    model: Model | None
    created_at: datetime
    width: int = 0
    memories: int = 0
    last_written_at: datetime | None = None


@dataclass(frozen=True)
class Memory:
    """One row; `score` is the cosine similarity to the question (-1..1) when there was one."""

    id: str
    content: str
    memory_type: str
    topic: str | None
    importance: int
    tags: list[str]
    source: str | None
    source_path: str | None
    channel: str | None
    kind: str
    stability: str
    current_priority: float
    access_count: int
    created_at: datetime
    last_accessed_at: datetime | None
    valid_at: datetime | None
    derived_from_ids: list[str] | None
    metadata: dict[str, Any]
    score: float | None = None

    def traits(self, extra_accesses: int = 0) -> Traits:
        """What its priority depends on."""
        return Traits(
            self.memory_type,
            self.importance,
            self.access_count + extra_accesses,
            emotion_of(self.metadata),
            self.stability,
        )

    def priority_at(self, now: datetime, extra_accesses: int = 0) -> float:
        """Its priority at a moment, by the contract's formula."""
        return priority(self.traits(extra_accesses), self.valid_at or self.created_at, now)


@dataclass(frozen=True)
class NewMemory:
    """What a caller wants to keep; the columns are read out of its metadata by `from_metadata`."""

    content: str
    memory_type: str = "semantic"
    topic: str | None = None
    importance: int = 0
    tags: tuple[str, ...] = ()
    source: str | None = "user"
    source_path: str | None = None
    channel: str | None = None
    kind: str = "raw"
    stability: str = "tentative"
    derived_from_ids: tuple[str, ...] = ()
    valid_at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: f"mem_{uuid.uuid4()}")

    def priority_at(self, now: datetime) -> float:
        """Its priority when it is written."""
        known = Traits(self.memory_type, self.importance, 0, emotion_of(self.metadata), self.stability)
        return priority(known, self.valid_at or now, now)


def from_metadata(content: str, metadata: Mapping[str, Any], **fixed: Any) -> NewMemory:
    """Read the columns out of a metadata object, which is also kept whole; `fixed` columns win over it.

    Raises ConfigurationError that names the key whose value cannot be stored.
    """
    importance = metadata.get("importance", 0)
    columns: dict[str, Any] = {
        "memory_type": _choice(metadata, "memoryType", TYPES, "semantic"),
        "topic": _text(metadata, "topic"),
        "importance": importance
        if importance in (0, 1, 2) and not isinstance(importance, bool)
        else IMPORTANCE.index(_choice(metadata, "importance", IMPORTANCE, "low")),
        "tags": _texts(metadata, "tags"),
        "source": _text(metadata, "source") or "user",
        "source_path": _text(metadata, "sourcePath"),
        "channel": _text(metadata, "channel"),
        "kind": _choice(metadata, "kind", KINDS, "raw"),
        "stability": _choice(metadata, "stability", STABILITY, "tentative"),
        "derived_from_ids": _texts(metadata, "derivedFromIds"),
        "valid_at": _moment(metadata, "validAt") or _moment(metadata, "date"),
    }
    return NewMemory(content, metadata=dict(metadata), **{**columns, **fixed})


def emotion_of(metadata: Mapping[str, Any]) -> float:
    """Return metadata.emotion.intensity, or 0 when it is not there or no number."""
    emotion = metadata.get("emotion")
    intensity = emotion.get("intensity") if isinstance(emotion, Mapping) else None
    return float(intensity) if isinstance(intensity, int | float) else 0.0


def _choice(metadata: Mapping[str, Any], key: str, choices: Sequence[str], default: str) -> str:
    value = metadata.get(key, default)
    if value in choices:
        return str(value)
    raise _wrong(key, value, f"it is one of {', '.join(choices)}")


def _text(metadata: Mapping[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    if value is None or isinstance(value, str):
        return value
    raise _wrong(key, value, "it is a text")


def _texts(metadata: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = metadata.get(key) or ()
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(dict.fromkeys(value))
    raise _wrong(key, value, "it is a list of texts")


def _moment(metadata: Mapping[str, Any], key: str) -> datetime | None:
    value = metadata.get(key)
    if value is None:
        return None
    try:  # Python 3.10 does not read the Z that JavaScript writes
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise _wrong(key, value, "it is a date or time as 2026-01-31 or 2026-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _wrong(key: str, value: Any, why: str) -> ConfigurationError:
    return ConfigurationError(f"metadata.{key} is {str(value)[:80]!r}", why, "correct it or leave it out")
