"""Refinement plans, from memories and similarities alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.refinement import RELATED, SAME, Facts, Pair, groups, plan
from memory_mcp.store.records import Memory

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BASE = Memory(
    id="a",
    content="a text",
    memory_type="semantic",
    topic=None,
    importance=1,
    tags=[],
    source="user",
    source_path=None,
    channel=None,
    kind="raw",
    stability="tentative",
    current_priority=0.5,
    access_count=0,
    created_at=NOW - timedelta(days=10),
    last_accessed_at=None,
    valid_at=None,
    derived_from_ids=None,
    metadata={},
)


def some(ids, **columns):
    return [replace(BASE, id=one, content=f"text {one}", **columns) for one in ids]


def test_decay_touches_only_what_time_has_changed():
    settled = replace(BASE, id="settled", current_priority=BASE.priority_at(NOW))
    old = replace(BASE, id="old", current_priority=0.9)
    [action] = plan("decay", [settled, old], Facts(), NOW)
    assert (action.kind, action.ids) == ("UPDATE", ("old",))
    assert action.priorities == {"old": pytest.approx(old.priority_at(NOW))}


def test_cleanup_deletes_the_superseded_the_doubled_and_the_faded():
    worth = replace(BASE, id="worth", content="Same  text", current_priority=0.8)
    double = replace(BASE, id="double", content="same text", current_priority=0.2)
    faded = replace(
        BASE,
        id="faded",
        content="x",
        memory_type="episodic",
        importance=0,
        created_at=NOW - timedelta(days=400),
    )
    used = replace(faded, id="used", content="y", access_count=1)
    stable = replace(faded, id="stable", content="z", stability="stable")
    old_belief = replace(faded, id="belief", content="w", memory_type="belief")
    memories = [worth, double, faded, used, stable, old_belief, *some(["gone"])]
    actions = plan("cleanup", memories, Facts(superseded=frozenset({"gone"})), NOW)
    assert {(action.kind, *action.ids) for action in actions} == {
        ("DELETE", "gone"),
        ("DELETE", "double"),
        ("DELETE", "faded"),
    }
    assert next(action.target for action in actions if action.ids == ("double",)) == "worth"


def test_consolidation_keeps_the_most_valuable_of_near_copies_of_one_type():
    a, b, c = some("abc")
    other = replace(BASE, id="d", memory_type="belief")
    pairs = (
        Pair("a", "b", SAME),
        Pair("b", "c", SAME + 0.01),
        Pair("a", "d", 0.99),
        Pair("a", "c", SAME - 0.1),
    )
    [action] = plan("consolidation", [a, replace(b, current_priority=0.9), c, other], Facts(pairs=pairs), NOW)
    assert (action.kind, action.target, set(action.ids)) == ("MERGE", "b", {"a", "c"})


def test_reflection_quotes_its_sources_in_the_order_of_time_and_only_once():
    a, b, c = some("abc", topic="pets")
    a = replace(a, valid_at=NOW - timedelta(days=1))
    pairs = (Pair("a", "b", RELATED), Pair("a", "c", RELATED))
    facts = Facts(pairs=pairs)
    [action] = plan("reflection", [a, b, c], facts, NOW)
    assert (action.kind, action.ids[-1]) == ("CREATE", "a")
    assert action.text.startswith("3 memories about pets (2026-05-22 to 2026-05-31):")
    assert action.text.index("text b") < action.text.index("text a")
    assert plan("reflection", [a, b, c], replace(facts, summarized=frozenset("abc")), NOW) == []
    assert plan("reflection", [a, b], facts, NOW) == []
    assert plan("reflection", [a, b, replace(c, kind="summary")], facts, NOW) == []


ids = st.sampled_from("abcdefgh")
pairs_of = st.lists(st.tuples(ids, ids).filter(lambda p: p[0] < p[1]), max_size=15, unique=True)


@given(pairs_of)
def test_no_memory_is_in_two_groups_and_every_group_has_a_centre(chosen):
    pairs = [Pair(a, b, 1.0) for a, b in chosen]
    found = groups("abcdefgh", pairs)
    members = [one for group in found for one in group]
    assert len(members) == len(set(members))
    linked = {frozenset(pair) for pair in chosen}
    for centre, *others in found:
        assert others
        assert all(frozenset((centre, other)) in linked for other in others)


@given(pairs_of, st.sampled_from(["decay", "cleanup", "consolidation", "reflection"]))
def test_no_plan_deletes_or_merges_a_memory_twice_or_away_from_itself(chosen, operation):
    facts = Facts(superseded=frozenset("h"), pairs=tuple(Pair(a, b, 1.0) for a, b in chosen))
    actions = plan(operation, some("abcdefgh"), facts, NOW)
    changed = [one for action in actions if action.kind != "CREATE" for one in action.ids]
    assert len(changed) == len(set(changed))
    assert all(action.target not in changed for action in actions)
