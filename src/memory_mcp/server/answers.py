"""What the tools answer. Every answer names the project and the index that it is about."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    """The common part; JSON names are camelCase, as clients of the existing server know them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    status: Literal["ok"] = "ok"
    project: str

    def result(self) -> CallToolResult:
        """The answer for programs (structured) and for models (the same as text), without empty fields."""
        text = self.model_dump_json(by_alias=True, exclude_none=True)
        data = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data)


class Part(BaseModel):
    """A nested piece of an answer. What may be None has that as its default: None is left out."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Memorized(Answer):
    """What memorize stored; `memory_ids` also lists texts that were there already, word for word."""

    index: str
    index_created: bool
    stored_count: int
    memory_ids: list[str]
    deduplicated_ids: list[str] = []


class Recollection(Part):
    """One memory as an answer shows it. `score` is the cosine similarity, 1 is the same meaning."""

    id: str
    text: str
    score: float | None = None
    age: str
    metadata: dict[str, Any] | None = None
    relationships: list[dict[str, Any]] | None = None


class Recalled(Answer):
    """What recall found, best first."""

    index: str
    answer: str | None = None
    memories: list[Recollection] | None = None
    note: str | None = None


class Planned(Part):
    """One memory that forget would delete, or deleted, and how sure it is."""

    id: str
    text: str
    confidence: Literal["high", "low"]
    reason: str


class Forgotten(Answer):
    """What forget deleted (or would delete), and what it left because it was not sure."""

    index: str
    dry_run: bool
    plan: list[Planned]
    deleted_count: int = 0
    deleted_ids: list[str] = []
    unknown_ids: list[str] = []
    note: str | None = None


class Created(Answer):
    """The index that create_index made, or found."""

    name: str
    created: bool
    description: str | None = None


class IndexEntry(Part):
    """One index of the list."""

    name: str
    document_count: int
    created_at: datetime
    description: str | None = None
    embedding: dict[str, Any] | None = None
    last_written_at: datetime | None = None


class Listed(Answer):
    """Every index of the project."""

    default_index: str
    document_count: int
    indexes: list[IndexEntry]


class RefinedAction(Part):
    """One change that refine_memories planned or made."""

    type: Literal["UPDATE", "DELETE", "MERGE", "CREATE"]
    reason: str
    ids: list[str]
    target_id: str | None = None
    text: str | None = None


class Refined(Answer):
    """What refine_memories would change, or changed (`applied` actions had an effect)."""

    index: str
    operation: str
    dry_run: bool
    candidates: int
    actions: list[RefinedAction]
    applied: int = 0
    over_budget: int = 0
    note: str | None = None


class Scanned(Answer):
    """What scan_memories found; scores mix meaning and words by `semantic_weight`."""

    index: str
    search_status: Literal["results", "no_results"]
    results: list[Recollection]
    semantic_weight: float
    duration_ms: int
