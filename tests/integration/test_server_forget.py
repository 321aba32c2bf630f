"""Forgetting: nothing goes unless it was meant for sure."""

from __future__ import annotations

import pytest

from tests.integration.serving import async_test, session

ANIMALS = "The family has a dog and two cats."
TAXES = "Taxes are due at the end of May."
ROOM = "The meeting room is on the third floor."


@async_test
async def test_forget_deletes_nothing_unless_it_is_told_to(known, migrated):
    async with session(known) as s:
        await s.ok("memorize", input=ANIMALS)
        planned = await s.ok("forget", input=ANIMALS)
    assert planned["dryRun"] is True
    assert planned["deletedCount"] == 0
    assert [item["confidence"] for item in planned["plan"]] == ["high"]
    assert migrated.query("SELECT count(*) FROM memories") == [(1,)]


@async_test
async def test_forget_by_meaning_deletes_only_what_is_meant_for_sure(known, migrated):
    async with session(known) as s:
        for fact in (ANIMALS, TAXES, ROOM):
            await s.ok("memorize", input=fact)
        done = await s.ok("forget", input=TAXES.upper(), dryRun=False)
        vague = await s.ok("forget", input="something about animals", dryRun=False)
    assert done["deletedCount"] == 1
    assert vague["deletedCount"] == 0
    assert {item["confidence"] for item in vague["plan"]} == {"low"}
    assert {row[0] for row in migrated.query("SELECT content FROM memories")} == {ANIMALS, ROOM}
    log = migrated.query(
        "SELECT memory_id, metadata->>'memoryId' FROM memory_usage_log WHERE action = 'forget'"
    )
    assert log == [(None, done["deletedIds"][0])]


@async_test
async def test_forget_by_id_deletes_exactly_those_ids_of_this_index(known, migrated):
    async with session(known) as s:
        first = (await s.ok("memorize", input=ANIMALS))["memoryIds"][0]
        await s.ok("memorize", input=TAXES)
        foreign = (await s.ok("memorize", input=ROOM, index="other"))["memoryIds"][0]
        done = await s.ok(
            "forget", input="no longer true", explicitMemoryIds=[first, foreign, "mem_x"], dryRun=False
        )
    assert done["deletedIds"] == [first]
    assert done["unknownIds"] == sorted([foreign, "mem_x"])
    assert {row[0] for row in migrated.query("SELECT content FROM memories")} == {TAXES, ROOM}


@async_test
async def test_forget_everything_needs_filters(known, migrated):
    async with session(known) as s:
        await s.ok("memorize", input=ANIMALS, metadata={"topic": "home"})
        await s.ok("memorize", input=TAXES, metadata={"topic": "office"})
        refused = await s.fails("forget", input="*", dryRun=False)
        done = await s.ok("forget", input="*", filters={"topic": "office"}, dryRun=False)
    assert "without filters" in refused
    assert done["deletedCount"] == 1
    assert migrated.query("SELECT content FROM memories") == [(ANIMALS,)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"input": "x", "filter": {"topic": "office"}},
        {"input": "x", "dry_run": False},
        {"input": "x", "dryRun": "false"},
        {"input": "x", "dryRun": 0},
        {"input": "x", "explicitMemoryIds": "mem_1"},
    ],
)
@async_test
async def test_a_misspelt_or_mistyped_argument_of_forget_is_refused(known, migrated, arguments):
    async with session(known) as s:
        await s.ok("memorize", input=ANIMALS)
        told = await s.fails("forget", **arguments)
    assert "validation error" in told
    assert migrated.query("SELECT count(*) FROM memories") == [(1,)]
