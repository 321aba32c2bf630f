"""The contract's numbers for priority, and what must hold for every memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.priority import Traits, priority

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = ("self", "belief", "pattern", "episodic", "semantic")

ages = st.timedeltas(min_value=timedelta(days=-10), max_value=timedelta(days=5000))
traits = st.builds(
    Traits,
    memory_type=st.sampled_from([*TYPES, "unknown"]),
    importance=st.integers(0, 2),
    access_count=st.integers(0, 10_000),
    emotion=st.floats(),
    stability=st.sampled_from(["tentative", "stable", "canonical"]),
)


@pytest.mark.parametrize(
    ("memory_type", "expected"),
    [("self", 0.8), ("belief", 0.8), ("pattern", 0.85), ("episodic", 0.8), ("semantic", 0.8)],
)
def test_a_new_important_memory_that_is_always_used_lacks_only_emotion(memory_type, expected):
    assert priority(Traits(memory_type, importance=2, access_count=100), NOW, NOW) == pytest.approx(expected)


def test_an_episode_loses_half_of_its_recency_in_thirty_days():
    fresh = priority(Traits("episodic"), NOW, NOW)
    older = priority(Traits("episodic"), NOW - timedelta(days=30), NOW)
    assert fresh - older == pytest.approx(0.4 / 2)


def test_low_medium_and_high_count_as_in_the_contract():
    scores = [priority(Traits("semantic", importance=i), NOW, NOW) for i in (0, 1, 2)]
    assert scores == pytest.approx([0.1 + 0.5 * x for x in (0.3, 0.6, 1.0)])


def test_a_canonical_belief_never_falls_below_its_floor():
    ancient = NOW - timedelta(days=10_000)
    assert priority(Traits("belief", stability="canonical"), ancient, NOW) == 0.4
    assert priority(Traits("belief", stability="stable"), ancient, NOW) < 0.4
    assert priority(Traits("semantic", stability="canonical"), ancient, NOW) < 0.4


@given(traits, ages)
def test_priority_is_always_between_zero_and_one(known, age):
    assert 0.0 <= priority(known, NOW - age, NOW) <= 1.0


@given(traits, ages, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=900)))
def test_growing_older_never_raises_priority(known, age, more):
    assert priority(known, NOW - age - more, NOW) <= priority(known, NOW - age, NOW)


@given(st.sampled_from(TYPES), st.integers(0, 500), st.integers(1, 500))
def test_being_recalled_more_never_lowers_priority(memory_type, count, more):
    less_used = priority(Traits(memory_type, access_count=count), NOW, NOW)
    assert priority(Traits(memory_type, access_count=count + more), NOW, NOW) >= less_used
