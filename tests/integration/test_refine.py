"""refine_memories, scan_memories and relationships over a real database."""

from __future__ import annotations

import pytest

from tests.integration.serving import PROJECT, async_test, session

DOGS = (
    ("Rex the dog learned to fetch a stick.", "2025-01-01"),
    ("Rex the dog learned to fetch the ball.", "2025-03-01"),
    ("Rex the dog learned to fetch a slipper.", "2025-02-01"),
)


@async_test
async def test_a_dry_run_changes_nothing_and_is_the_default(known, migrated):
    async with session(known) as s:
        for text, day in DOGS:
            await s.ok("memorize", input=text, metadata={"validAt": day, "memoryType": "episodic"})
        before = migrated.query("SELECT * FROM memories ORDER BY id")
        planned = await s.ok("refine_memories", operation="reflection")
        assert planned["dryRun"] is True
        assert [action["type"] for action in planned["actions"]] == ["CREATE"]
        assert planned["applied"] == 0
        assert migrated.query("SELECT * FROM memories ORDER BY id") == before


@async_test
async def test_reflection_writes_a_summary_linked_to_its_sources_in_the_order_of_time(known, migrated):
    async with session(known) as s:
        for text, day in DOGS:
            await s.ok("memorize", input=text, metadata={"validAt": day, "topic": "Rex", "tags": [day]})
        done = await s.ok("refine_memories", operation="reflection", dryRun=False)
        again = await s.ok("refine_memories", operation="reflection", dryRun=False)
    assert (done["applied"], again["applied"]) == (1, 0)
    [summary] = migrated.query(
        "SELECT id, kind, memory_type, topic, derived_from_ids, valid_at::date::text, cardinality(tags), "
        "source FROM memories WHERE kind <> 'raw'"
    )
    in_time = [row[0] for row in migrated.query("SELECT id FROM memories WHERE kind = 'raw' ORDER BY valid_at")]
    assert summary[1:] == ("summary", "pattern", "Rex", in_time, "2025-03-01", 3, "system")
    links = migrated.query(
        "SELECT source_id, target_id, relationship_type, temporal_ok, valid_at::date::text "
        "FROM memory_relationships ORDER BY relationship_type, valid_at"
    )
    assert links[:2] == [
        (in_time[0], in_time[1], "leads_to", True, "2025-02-01"),
        (in_time[1], in_time[2], "leads_to", True, "2025-03-01"),
    ]
    assert set(links[2:]) == {(summary[0], one, "summarizes", True, "2025-03-01") for one in in_time}
    assert migrated.query("SELECT count(*) FROM memory_usage_log WHERE action = 'refine'") == [(1,)]


@async_test
async def test_consolidation_lets_one_memory_stand_for_near_copies(known, migrated):
    async with session(known) as s:
        await s.ok("memorize", input="The meeting room is on the third floor.", metadata={"tags": ["a"]})
        await s.ok("memorize", input="The meeting room is on the third floor", metadata={"importance": "high"})
        await s.ok("memorize", input="Taxes are due in May.")
        done = await s.ok("refine_memories", operation="consolidation", dryRun=False)
        found = await s.ok("recall", query="where is the meeting room", limit=5)
    [action] = done["actions"]
    keeper = action["targetId"]
    assert migrated.query("SELECT superseded_by_id FROM memories WHERE superseded_by_id IS NOT NULL") == [
        (keeper,)
    ]
    assert migrated.query("SELECT tags, importance FROM memories WHERE id = %s", keeper) == [(["a"], 2)]
    assert migrated.query("SELECT source_id, relationship_type FROM memory_relationships") == [
        (keeper, "consolidates")
    ]
    assert [memory["id"] for memory in found["memories"]].count(keeper) == 1
    assert len(found["memories"]) == 2
    assert found["memories"][0]["relationships"][0]["type"] == "consolidates"


@async_test
async def test_cleanup_deletes_within_its_budget(known, migrated):
    async with session(known) as s:
        ids = [(await s.ok("memorize", input=f"Version {n}"))["memoryIds"][0] for n in range(4)]
        migrated.query("UPDATE memories SET superseded_by_id = %s WHERE id <> %s", ids[0], ids[0])
        first = await s.ok("refine_memories", operation="cleanup", budget=2, dryRun=False)
        rest = await s.ok("refine_memories", operation="cleanup", dryRun=False)
    assert (first["applied"], first["overBudget"], rest["applied"]) == (2, 1, 1)
    assert migrated.query("SELECT id FROM memories") == [(ids[0],)]


@async_test
async def test_decay_brings_priorities_up_to_date(known, migrated):
    async with session(known) as s:
        await s.ok("memorize", input="An old event", metadata={"memoryType": "episodic"})
        migrated.query("UPDATE memories SET valid_at = now() - interval '300 days'")
        await s.ok("refine_memories", operation="decay", dryRun=False)
    [(before, now, cycles)] = migrated.query(
        "SELECT initial_priority, current_priority, sleep_cycles FROM memories"
    )
    assert now == pytest.approx(0.06, abs=0.005)
    assert before > 0.4
    assert cycles == 1


@async_test
async def test_the_scope_limits_what_is_looked_at(known):
    async with session(known) as s:
        first = (await s.ok("memorize", input="About cats", metadata={"topic": "pets"}))["memoryIds"][0]
        links = [{"targetId": first, "type": "supports", "weight": 0.5}]
        await s.ok("memorize", input="Cats like fish", metadata={"topic": "pets", "relationships": links})
        await s.ok("memorize", input="Taxes are due")

        async def candidates(**scope):
            return (await s.ok("refine_memories", operation="decay", scope=scope))["candidates"]

        assert await candidates() == 3
        assert await candidates(filters={"topic": "pets"}) == 2
        assert await candidates(seedIds=[first]) == 2
        assert await candidates(query="money", maxCandidates=1) == 1
        assert "validation error" in await s.fails("refine_memories", scope={"seeds": []})


@async_test
async def test_links_are_stored_with_the_verdict_of_time(known, migrated):
    async with session(known) as s:
        old = (await s.ok("memorize", input="It rained", metadata={"validAt": "2025-01-01"}))["memoryIds"][0]
        links = [{"targetId": old, "type": "causes"}, {"targetId": old, "type": "similar_to", "weight": 0.25}]
        await s.ok(
            "memorize", input="The street is wet", metadata={"validAt": "2025-01-02", "relationships": links}
        )
        told = await s.fails(
            "memorize", input="x", metadata={"relationships": [{"targetId": "mem_none", "type": "causes"}]}
        )
        wrong = await s.fails(
            "memorize", input="y", metadata={"relationships": [{"targetId": old, "type": "loves"}]}
        )
    assert "mem_none" in told
    assert "loves" in wrong
    assert migrated.query("SELECT count(*) FROM memories") == [(2,)]
    assert migrated.query(
        "SELECT relationship_type, confidence, temporal_ok, temporal_reason, project FROM memory_relationships "
        "ORDER BY relationship_type"
    ) == [
        ("causes", 1.0, False, "source is later than target", PROJECT),
        ("similar_to", 0.25, True, None, PROJECT),
    ]


@async_test
async def test_a_scan_finds_words_that_meaning_misses_and_counts_no_access(known, migrated):
    async with session(known) as s:
        await s.ok("memorize", input="Invoice QX-7781 was paid.")
        for n in range(5):
            await s.ok("memorize", input=f"Bill number {n} is open.")
        by_words = await s.ok("scan_memories", query="qx-7781", semanticWeight=0, limit=1)
        both = await s.ok("scan_memories", query="bills", limit=1000, includeMetadata=False)
    assert by_words["results"][0]["text"] == "Invoice QX-7781 was paid."
    assert len(both["results"]) == 6
    assert "metadata" not in both["results"][0]
    scores = [result["score"] for result in both["results"]]
    assert scores == sorted(scores, reverse=True)
    assert migrated.query("SELECT sum(access_count) FROM memories") == [(0,)]
    assert migrated.query("SELECT count(*) FROM memory_usage_log WHERE action = 'scan'") == [(2,)]
