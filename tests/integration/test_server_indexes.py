"""Indexes: made, listed, kept apart, and never filled with vectors of two models."""

from __future__ import annotations

import asyncio

import pytest

from memory_mcp.server.app import App
from tests.integration.serving import PROJECT, async_test, session, settings

ANIMALS = "The family has a dog and two cats."
TAXES = "Taxes are due at the end of May."


@async_test
async def test_indexes_are_made_listed_and_kept_apart(known, migrated):
    async with session(known) as s:
        made = await s.ok("create_index", name="work", description="for work")
        again = await s.ok("create_index", name="work")
        await s.ok("memorize", input=TAXES, index="work")
        listed = await s.ok("list_indexes")
        empty = await s.ok("recall", query="taxes")
    assert (made["created"], again["created"], again["description"]) == (True, False, "for work")
    assert listed["documentCount"] == 1
    [entry] = listed["indexes"]
    assert (entry["name"], entry["documentCount"]) == ("work", 1)
    assert entry["embedding"] == {"provider": "local", "model": "wordllama-l2-supercat-256", "dimensions": 256}
    assert "does not exist yet" in empty["note"]
    assert migrated.query("SELECT name FROM memory_indexes WHERE project = %s", PROJECT) == [("work",)]


@async_test
async def test_an_unknown_index_is_an_error_that_lists_the_known_ones(known):
    async with session(known) as s:
        await s.ok("create_index", name="work")
        told = await s.fails("recall", query="x", index="wrok")
    assert "'wrok'" in told
    assert PROJECT in told
    assert "work" in told


@pytest.mark.parametrize("name", ["", " x", "a\nb", "x" * 101])
@async_test
async def test_an_index_name_that_nobody_could_type_is_refused(known, name):
    async with session(known) as s:
        assert "cannot be the name" in await s.fails("create_index", name=name)


@async_test
async def test_an_index_of_another_model_is_refused_with_the_way_out(known, migrated, tmp_path):
    async with session(known) as s:
        await s.ok("memorize", input=ANIMALS)
    with_other = settings(migrated.url, tmp_path, MEMORY_EMBEDDING_PROVIDER="hashed")
    async with session(with_other) as s:
        for told in (await s.fails("recall", query="x"), await s.fails("memorize", input=TAXES)):
            assert "wordllama-l2-supercat-256" in told
            assert "hashed-words" in told
            assert "reembed" in told
        await s.ok("memorize", input=TAXES, index="another")
    assert migrated.query("SELECT count(*) FROM memories") == [(2,)]


@async_test
async def test_memories_of_an_unrecorded_model_are_not_mixed_with_local_ones(known, migrated):
    migrated.query("INSERT INTO memory_indexes (project, name) VALUES (%s, 'memory')", PROJECT)
    migrated.query(
        "INSERT INTO memories (id, index_id, project, content, embedding, memory_type) "
        "SELECT 'mem_1', id, project, 'from elsewhere', array_fill(0.1, ARRAY[1536])::vector, 'semantic' "
        "FROM memory_indexes WHERE project = %s",
        PROJECT,
    )
    async with session(known) as s:
        assert "another server" in await s.fails("memorize", input=ANIMALS)


@async_test
async def test_an_index_that_another_writer_filled_a_moment_ago_is_not_of_an_unrecorded_model(known, migrated):
    app = App(known)
    async with session(known) as other, app.transaction() as connection:
        looked_up, made = await app.index_to_write(connection, None)
        await connection.commit()
        await other.ok("memorize", input=ANIMALS)
        await app.check_model(connection, looked_up)
    await app.close()
    assert (made, looked_up.model) == (True, None)


@async_test
async def test_two_writers_at_once_lose_nothing_and_store_nothing_twice(known, migrated):
    async with session(known) as first, session(known) as second:
        calls = [
            writer.ok("memorize", input=f"Fact number {number} of a long list", index="shared")
            for number in range(20)
            for writer in (first, second)
        ]
        await asyncio.gather(*calls)
    assert migrated.query("SELECT count(DISTINCT content), count(*) FROM memories") == [(20, 20)]


@async_test
async def test_questions_with_the_same_answers_do_not_block_each_other(known, migrated):
    async with session(known) as s:
        for number in range(10):
            await s.ok("memorize", input=f"Fact number {number} of a long list")
        await asyncio.gather(*[s.ok("recall", query=f"fact {number}", limit=10) for number in range(20)])
    assert migrated.query("SELECT min(access_count), max(access_count) FROM memories") == [(20, 20)]
