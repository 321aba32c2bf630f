"""How much a memory matters right now: a number between 0 and 1, from what is known about it.

Four things are mixed, with weights that depend on the kind of memory: an episode fades with time, a belief
hardly does. The numbers are the contract of the schema (columns initial_priority and current_priority), so that
other servers on the same database agree with this one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

HALF_LIFE_DAYS: Final = 30.0
SATURATION: Final = 101  # a memory that was recalled 100 times scores 1.0 for usage
CANONICAL_FLOOR: Final = 0.4
IMPORTANCE: Final = {0: 0.3, 1: 0.6, 2: 1.0}  # low, medium, high


class Weights(NamedTuple):
    """What each part contributes; not every row sums to 1, and that is the contract."""

    recency: float
    importance: float
    usage: float
    emotion: float


WEIGHTS: Final = {
    "self": Weights(0.1, 0.4, 0.3, 0.2),
    "belief": Weights(0.1, 0.4, 0.3, 0.2),
    "pattern": Weights(0.25, 0.3, 0.3, 0.15),
    "episodic": Weights(0.4, 0.2, 0.2, 0.2),
    "semantic": Weights(0.1, 0.5, 0.2, 0.2),
}


@dataclass(frozen=True)
class Traits:
    """What priority depends on. `importance` is 0, 1 or 2; `emotion` is metadata.emotion.intensity."""

    memory_type: str = "semantic"
    importance: int = 0
    access_count: int = 0
    emotion: float = 0.0
    stability: str = "tentative"


def recency(since: datetime, now: datetime) -> float:
    """Return 1.0 for something that happens now, and half of that every 30 days; the future counts as now."""
    days = (now - since).total_seconds() / 86_400
    return float(2.0 ** (-max(0.0, days) / HALF_LIFE_DAYS))


def usage(access_count: int) -> float:
    """Grow with the logarithm of the number of recalls: the first ones say most."""
    return min(1.0, math.log1p(max(0, access_count)) / math.log(SATURATION))


def priority(traits: Traits, since: datetime, now: datetime) -> float:
    """Mix the four parts; `since` is valid_at when it is known, else created_at (both with a time zone).

    An unknown memory type is weighed like a plain fact ("semantic").
    """
    weights = WEIGHTS.get(traits.memory_type, WEIGHTS["semantic"])
    mixed = (
        weights.recency * recency(since, now)
        + weights.importance * IMPORTANCE.get(traits.importance, IMPORTANCE[0])
        + weights.usage * usage(traits.access_count)
        + weights.emotion * clamp(traits.emotion)
    )
    if traits.memory_type == "belief" and traits.stability == "canonical":
        mixed = max(mixed, CANONICAL_FLOOR)
    return clamp(mixed)


def clamp(value: float) -> float:
    """Fit a number into 0..1; what is not a number counts as 0."""
    return 0.0 if math.isnan(value) else max(0.0, min(1.0, value))
