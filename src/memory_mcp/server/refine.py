"""The tool refine_memories: plan actions on some memories, and carry them out when it is no dry run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from memory_mcp.refinement import Action, Facts, Operation, plan, threshold
from memory_mcp.server.answers import Refined, RefinedAction
from memory_mcp.server.app import App
from memory_mcp.server.apply import Work
from memory_mcp.server.recall import Search, embed, nearest, wanted
from memory_mcp.store.conditions import Condition
from memory_mcp.store.records import Index, Memory

if TYPE_CHECKING:
    from memory_mcp.store.database import Connection

CANDIDATES: Final = 200


@dataclass(frozen=True)
class Scope:
    """Which memories are looked at: nearest to a query, selected by filters, or seeds and what they link to."""

    query: str | None
    filters: Mapping[str, Any]
    seed_ids: Sequence[str]
    limit: int


@dataclass(frozen=True)
class Order:
    """What a tool call asks for; at most `budget` actions."""

    index: str | None
    operation: Operation
    scope: Scope
    budget: int
    dry_run: bool


async def refine(app: App, order: Order) -> Refined:
    """Plan, cut the plan at the budget, and carry it out in one transaction."""
    vector = await embed(app, order.scope.query) if order.scope.query else None
    async with app.transaction() as connection:
        place = await app.index(connection, order.index)
        found = await _candidates(app, connection, place, order.scope, vector) if place else []
        actions = await _planned(connection, order.operation, found)
    chosen = actions[: order.budget]
    applied = 0
    if place is not None and chosen and not order.dry_run:
        applied = await Work(app, place, order.operation, found).carry_out(chosen)
    return Refined(
        project=app.project,
        index=app.index_name(order.index),
        operation=order.operation,
        dry_run=order.dry_run,
        candidates=len(found),
        actions=[
            RefinedAction(
                type=one.kind, reason=one.reason, ids=list(one.ids), target_id=one.target, text=one.text
            )
            for one in chosen
        ],
        applied=applied,
        over_budget=len(actions) - len(chosen),
        note="Nothing was changed. Call again with dryRun false to do this."
        if order.dry_run and chosen
        else None,
    )


async def _planned(connection: Connection, operation: Operation, found: Sequence[Memory]) -> list[Action]:
    from memory_mcp.store import refine as store

    ids = [memory.id for memory in found]
    similar = threshold(operation)
    pairs = await store.pairs(connection, ids, similar) if similar is not None else []
    facts = Facts(
        frozenset(await store.superseded(connection, ids)),
        frozenset(await store.summarized(connection, ids)),
        tuple(pairs),
    )
    return plan(operation, found, facts, datetime.now(timezone.utc))


async def _candidates(
    app: App, connection: Connection, place: Index, scope: Scope, vector: list[float] | None
) -> list[Memory]:
    from memory_mcp.store import memories
    from memory_mcp.store import refine as store

    search = Search(scope.query or "", place.name, scope.limit, scope.filters)
    if vector is not None:
        return (await nearest(app, connection, search, vector))[1]
    condition = wanted(search)
    if scope.seed_ids:
        ids = {*scope.seed_ids, *await store.related(connection, place, scope.seed_ids)}
        condition = Condition(f"{condition.sql} AND id = ANY(%s)", (*condition.parameters, sorted(ids)))
    return await memories.matching(connection, place.id, condition, scope.limit)
