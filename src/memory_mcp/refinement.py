"""What to refine: from memories and their similarities to a list of actions. Nothing here reads or writes.

decay          bring priorities up to date with the passing of time
cleanup        delete what is superseded, stored twice, or faded and never used
consolidation  let one memory stand for others that say nearly the same
reflection     write a summary over at least three memories about the same thing
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from memory_mcp.store.records import Memory

Operation = Literal["consolidation", "decay", "cleanup", "reflection"]
Kind = Literal["UPDATE", "DELETE", "MERGE", "CREATE"]

SAME: Final = 0.92  # cosine from which two texts say the same
RELATED: Final = 0.55  # and from which they are about the same thing
FEWEST: Final = 3  # memories that are worth a summary
NOTICEABLE: Final = 0.005  # change of priority that is worth a write
FADED_PRIORITY: Final = 0.2
FADED_AGE: Final = timedelta(days=180)
LONGEST_QUOTE: Final = 200


class Pair(NamedTuple):
    """Two memories and their cosine similarity."""

    a: str
    b: str
    similarity: float


@dataclass(frozen=True)
class Action:
    """One change. `ids` are the memories that it changes, deletes or draws on; `target` is what remains."""

    kind: Kind
    reason: str
    ids: tuple[str, ...]
    target: str | None = None
    text: str | None = None
    priorities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What else is known of the memories: which have a newer version, which are summarized, which are alike."""

    superseded: frozenset[str] = frozenset()
    summarized: frozenset[str] = frozenset()
    pairs: tuple[Pair, ...] = ()


def plan(operation: Operation, memories: Sequence[Memory], facts: Facts, now: datetime) -> list[Action]:
    """List every action of an operation, the most valuable first; the caller cuts it at its budget."""
    if operation == "decay":
        return _decay(memories, now)
    if operation == "cleanup":
        return _cleanup(memories, facts.superseded, now)
    alive = [memory for memory in memories if memory.id not in facts.superseded]
    if operation == "consolidation":
        return _consolidation(alive, facts.pairs)
    return _reflection(alive, facts)


def threshold(operation: Operation) -> float | None:
    """Give the similarity from which an operation needs to know pairs; None when it needs none."""
    return {"consolidation": SAME, "reflection": RELATED}.get(operation)


def groups(ids: Iterable[str], pairs: Iterable[Pair]) -> list[list[str]]:
    """Collect memories that are similar to the first of their group; no memory is in two groups.

    Similarity to one centre, not chains of it: a chain can lead from anything to anything.
    """
    near: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        near[pair.a].add(pair.b)
        near[pair.b].add(pair.a)
    taken: set[str] = set()
    found = []
    order = list(ids)
    for centre in sorted(order, key=lambda one: -len(near[one])):  # sorted is stable: ties keep the order
        members = [one for one in order if one in near[centre] and one not in taken]
        if centre in taken or not members:
            continue
        group = [centre, *members]
        taken.update(group)
        found.append(group)
    return found


def _decay(memories: Sequence[Memory], now: datetime) -> list[Action]:
    changes = [(memory, memory.priority_at(now)) for memory in memories]
    changes = [change for change in changes if abs(change[1] - change[0].current_priority) > NOTICEABLE]
    changes.sort(key=lambda change: -abs(change[1] - change[0].current_priority))
    return [
        Action(
            "UPDATE",
            f"priority {memory.current_priority:.2f} → {priority:.2f}",
            (memory.id,),
            priorities={memory.id: priority},
        )
        for memory, priority in changes
    ]


def _cleanup(memories: Sequence[Memory], superseded: frozenset[str], now: datetime) -> list[Action]:
    actions = [
        Action("DELETE", "superseded by a newer memory", (memory.id,))
        for memory in memories
        if memory.id in superseded
    ]
    alive = [memory for memory in memories if memory.id not in superseded]
    first: dict[str, str] = {}
    for memory in sorted(alive, key=_worth):
        text = " ".join(memory.content.casefold().split())
        if text in first:
            actions.append(Action("DELETE", "stored twice", (memory.id,), target=first[text]))
        elif _faded(memory, now):
            actions.append(Action("DELETE", "faded, unimportant and never recalled", (memory.id,)))
        else:
            first[text] = memory.id
    return actions


def _consolidation(memories: Sequence[Memory], pairs: Sequence[Pair]) -> list[Action]:
    known = {memory.id: memory for memory in memories}
    alike = [
        pair
        for pair in pairs
        if pair.similarity >= SAME
        and pair.a in known
        and pair.b in known
        and known[pair.a].memory_type == known[pair.b].memory_type
    ]
    actions = []
    for group in groups(known, alike):
        keeper, *others = sorted((known[one] for one in group), key=_worth)
        actions.append(
            Action(
                "MERGE", "say nearly the same", tuple(other.id for other in others), keeper.id, keeper.content
            )
        )
    return actions


def _reflection(memories: Sequence[Memory], facts: Facts) -> list[Action]:
    known = {memory.id: memory for memory in memories if memory.kind == "raw"}
    related = [p for p in facts.pairs if p.similarity >= RELATED and p.a in known and p.b in known]
    actions = []
    for group in groups(known, related):
        if len(group) < FEWEST or facts.summarized.issuperset(group):
            continue
        in_time = sorted((known[one] for one in group), key=_happened)
        ids = tuple(memory.id for memory in in_time)
        actions.append(Action("CREATE", "about the same thing", ids, text=_summary(in_time)))
    return actions


def _summary(in_time: Sequence[Memory]) -> str:
    """Quote the memories in the order of time; finding better words is the part of the model that called."""
    first, last = _happened(in_time[0]), _happened(in_time[-1])
    when = f"{first:%Y-%m-%d}" if first.date() == last.date() else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    topics = sorted({memory.topic for memory in in_time if memory.topic})
    about = f" about {', '.join(topics)}" if topics else ""
    quotes = "\n".join(f"- {memory.content[:LONGEST_QUOTE]}" for memory in in_time)
    return f"{len(in_time)} memories{about} ({when}):\n{quotes}"


def _happened(memory: Memory) -> datetime:
    return memory.valid_at or memory.created_at


def _worth(memory: Memory) -> tuple[float, int, datetime, str]:
    """Order memories so that the one to keep comes first: priority, then detail, then age."""
    return -memory.current_priority, -len(memory.content), memory.created_at, memory.id


def _faded(memory: Memory, now: datetime) -> bool:
    return (
        memory.importance == 0
        and memory.access_count == 0
        and memory.stability == "tentative"
        and memory.memory_type in {"episodic", "semantic"}
        and now - memory.created_at > FADED_AGE
        and memory.priority_at(now) < FADED_PRIORITY
    )
