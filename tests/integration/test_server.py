"""The tools over a real database; what they did is read back with plain SQL."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.serving import PROJECT, async_test, session, settings

ANIMALS = "The family has a dog and two cats."
TAXES = "Taxes are due at the end of May."
ROOM = "The meeting room is on the third floor."


@pytest.fixture
def known(migrated, tmp_path):
    return settings(migrated.url, tmp_path)


@async_test
async def test_the_tools_have_the_names_and_arguments_that_clients_know(known):
    async with session(known) as s:
        tools = {tool.name: tool.input_schema for tool in (await s.client.list_tools()).tools}
    arguments = {name: set(schema.get("properties", {})) for name, schema in tools.items()}
    assert arguments["memorize"] == {"input", "files", "index", "metadata"}
    assert arguments["recall"] == {"query", "index", "limit", "filters", "filterExpression", "responseMode"}
    assert arguments["forget"] == {"input", "index", "filters", "dryRun", "explicitMemoryIds"}
    assert arguments["create_index"] == {"name", "description"}
    assert arguments["list_indexes"] == set()
    assert tools["memorize"]["required"] == ["input"]
    assert tools["forget"]["properties"]["dryRun"]["default"] is True
    assert all(schema["additionalProperties"] is False for schema in tools.values())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@async_test
async def test_a_fact_is_found_by_its_meaning(known, migrated, mode):
    async with session(known, mode) as s:
        for fact in (ANIMALS, TAXES, ROOM):
            await s.ok("memorize", input=fact)
        found = await s.ok("recall", query="Which animals live with us at home?", limit=2)
    assert found["memories"][0]["text"] == ANIMALS
    assert len(found["memories"]) == 2
    assert (found["project"], found["index"]) == (PROJECT, "memory")
    assert ANIMALS in found["answer"]
    assert migrated.query("SELECT count(*) FROM memories") == [(3,)]


@async_test
async def test_memorize_writes_the_columns_that_its_metadata_names(known, migrated):
    metadata = {
        "memoryType": "episodic",
        "topic": "taxes",
        "importance": "high",
        "tags": ["money", "may"],
        "source": "system",
        "channel": "mail",
        "stability": "stable",
        "validAt": "2025-05-01T10:00:00Z",
        "emotion": {"intensity": 0.5},
        "anything": [1, 2],
    }
    async with session(known) as s:
        stored = await s.ok("memorize", input=TAXES, index="work", metadata=metadata)
    assert stored["indexCreated"] is True
    rows = migrated.query(
        "SELECT m.id, i.name, m.project, content, memory_type, topic, importance, tags, source, channel, "
        "stability, valid_at::text, m.metadata, kind, initial_priority, vector_dims(embedding) "
        "FROM memories m JOIN memory_indexes i ON i.id = m.index_id"
    )
    assert len(rows) == 1
    row = rows[0]
    assert row[0] == stored["memoryIds"][0]
    assert row[0].startswith("mem_")
    assert row[1:12] == (
        *("work", PROJECT, TAXES, "episodic", "taxes", 2, ["money", "may"], "system", "mail", "stable"),
        "2025-05-01 10:00:00+00",
    )
    assert row[12] == metadata
    assert row[13] == "raw"
    assert row[14] == pytest.approx(0.2 * 1.0 + 0.2 * 0.5, abs=0.01)  # old, important, never used
    assert row[15] == 1536


@async_test
async def test_the_same_text_is_not_stored_twice(known, migrated):
    async with session(known) as s:
        first = await s.ok("memorize", input=ANIMALS)
        again = await s.ok("memorize", input=f"  {ANIMALS}\n")
        elsewhere = await s.ok("memorize", input=ANIMALS, index="other")
    assert again["memoryIds"] == again["deduplicatedIds"] == first["memoryIds"]
    assert (again["storedCount"], elsewhere["storedCount"]) == (0, 1)
    assert migrated.query("SELECT count(*) FROM memories") == [(2,)]


@async_test
async def test_recall_counts_accesses_and_logs_them(known, migrated):
    async with session(known) as s:
        await s.ok("memorize", input=ANIMALS)
        for _ in range(3):
            await s.ok("recall", query="pets")
    [(count, most, accessed, before, now)] = migrated.query(
        "SELECT access_count, max_access_count, last_accessed_at IS NOT NULL, initial_priority, "
        "current_priority FROM memories"
    )
    assert (count, most, accessed) == (3, 3, True)
    assert now > before
    log = migrated.query(
        "SELECT action, success, latency_ms >= 0, memory_id IS NOT NULL, priority_after > priority_before "
        "FROM memory_usage_log ORDER BY id"
    )
    assert log == [("memorize", True, True, True, None), *[("recall", True, True, True, True)] * 3]


@async_test
async def test_filters_and_expressions_narrow_a_recall(known):
    async with session(known) as s:
        await s.ok(
            "memorize", input=ANIMALS, metadata={"tags": ["home", "pets"], "topic": "family", "score": 3}
        )
        await s.ok("memorize", input=TAXES, metadata={"tags": ["money"], "topic": "office", "score": 9})
        await s.ok("memorize", input=ROOM, metadata={"tags": ["house"], "topic": "office"})

        async def texts(**narrowed):
            found = await s.ok("recall", query="anything at all", responseMode="memories", **narrowed)
            assert "answer" not in found
            return {memory["text"] for memory in found["memories"]}

        assert await texts() == {ANIMALS, TAXES, ROOM}
        assert await texts(filters={"tags": ["pets", "money"]}) == {ANIMALS, TAXES}
        assert await texts(filters={"topic": "office", "score": 9}) == {TAXES}
        assert await texts(filterExpression="@metadata.score > 2.5") == {ANIMALS, TAXES}
        assert await texts(filterExpression='@metadata.topic = "office" AND @metadata.score != 9') == {ROOM}
        assert await texts(filters={"score": "9"}) == set()


@async_test
async def test_a_superseded_memory_is_not_recalled(known, migrated):
    async with session(known) as s:
        old = (await s.ok("memorize", input="The family has one dog."))["memoryIds"][0]
        new = (await s.ok("memorize", input=ANIMALS))["memoryIds"][0]
        migrated.query("UPDATE memories SET superseded_by_id = %s WHERE id = %s", new, old)
        found = await s.ok("recall", query="dog")
    assert [memory["id"] for memory in found["memories"]] == [new]


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


@async_test
async def test_a_database_that_is_down_breaks_the_call_and_not_the_handshake(tmp_path):
    known = settings("postgresql://memory_user:geheim-42@127.0.0.1:9/m", tmp_path)
    async with session(known, "legacy") as s:
        assert len((await s.client.list_tools()).tools) >= 5
        told = await s.fails("recall", query="x")
    assert "127.0.0.1:9" in told
    assert "fix: " in told
    assert "geheim" not in told


@async_test
async def test_a_database_without_the_tables_is_explained(database, tmp_path):
    async with session(settings(database.url, tmp_path)) as s:
        assert "memory-mcp db migrate" in await s.fails("list_indexes")


@async_test
async def test_an_embedding_service_that_is_down_breaks_the_call_only(migrated, tmp_path):
    known = settings(
        migrated.url,
        tmp_path,
        MEMORY_EMBEDDING_PROVIDER="openai",
        OPENAI_API_KEY="sk-very-secret-key",
        OPENAI_BASE_URL="http://127.0.0.1:9/v1",
    )
    async with session(known) as s:
        await s.ok("create_index", name="work")
        told = await s.fails("memorize", input=ANIMALS)
    assert "127.0.0.1:9" in told
    assert "sk-very" not in told
    assert migrated.query("SELECT count(*) FROM memories") == [(0,)]


@async_test
async def test_a_project_that_is_not_registered_breaks_the_call_only(known):
    from dataclasses import replace

    async with session(replace(known, active_project="nowhere")) as s:
        assert "'nowhere' is not in" in await s.fails("list_indexes")


@async_test
async def test_the_server_recovers_when_its_connections_were_cut(known, migrated):
    async with session(known) as s:
        await s.ok("memorize", input=ANIMALS)
        migrated.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s "
            "AND pid <> pg_backend_pid()",
            migrated.name,
        )
        assert (await s.ok("recall", query="pets"))["memories"]


@async_test
async def test_files_are_memorized_in_pieces_and_only_from_allowed_folders(known, migrated, tmp_path):
    root = tmp_path / "notes"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "pets.md").write_text("\n\n".join(f"Paragraph {n}: " + "word " * 150 for n in range(4)))
    (root / ".env").write_text("SECRET=1")
    (root / "link.md").symlink_to(tmp_path / ".env")
    (root / "picture.png").write_bytes(b"\x89PNG\xff\x00")
    async with session(known, roots=(root,)) as s:
        stored = await s.ok("memorize", input="About pets", files=["sub/pets.md"], metadata={"topic": "pets"})
        for path in (
            "../projects.json",
            "/etc/passwd",
            "link.md",
            ".env",
            "picture.png",
            "no.md",
            "sub",
            "a\0b",
        ):
            assert "fix: " in await s.fails("memorize", input="x", files=[path])
    async with session(known) as s:
        assert "--files" in await s.fails("memorize", input="x", files=["sub/pets.md"])
    rows = migrated.query(
        "SELECT source, source_path, topic, length(content) FROM memories WHERE source = 'file'"
    )
    assert stored["storedCount"] == len(rows) + 1
    assert len(rows) == 4
    assert {row[:3] for row in rows} == {("file", "sub/pets.md", "pets")}
    assert all(row[3] <= 1500 for row in rows)


@async_test
async def test_a_column_that_is_widened_under_a_running_server_goes_on_working(known, migrated):
    async with session(known) as s:
        await s.ok("memorize", input=ANIMALS)
        migrated.query("DROP INDEX idx_memories_embedding_ivfflat")
        migrated.query(
            "ALTER TABLE memories ALTER COLUMN embedding TYPE vector(3072) "
            "USING (embedding::real[] || array_fill(0::real, ARRAY[1536]))::vector(3072)"
        )
        await s.ok("memorize", input=TAXES)
        assert len((await s.ok("recall", query="pets"))["memories"]) == 2
    assert migrated.query("SELECT DISTINCT vector_dims(embedding) FROM memories") == [(3072,)]


@async_test
async def test_a_model_that_is_too_long_for_the_column_is_refused(migrated, tmp_path):
    from tests.unit.test_embeddings import Service, running

    with running(Service(width=3072)) as url:
        known = settings(
            migrated.url,
            tmp_path,
            MEMORY_EMBEDDING_PROVIDER="openai",
            MEMORY_EMBEDDING_MODEL="text-embedding-3-large",
            OPENAI_BASE_URL=url,
        )
        async with session(known) as s:
            told = await s.fails("memorize", input=ANIMALS)
    assert "3072" in told
    assert "1536" in told
    assert "reembed --dimensions 3072" in told


@async_test
async def test_a_database_that_goes_away_under_a_running_server_is_explained(known, migrated):
    async with session(known) as s:
        await s.ok("memorize", input=ANIMALS)
        migrated.server.query(f'ALTER DATABASE "{migrated.name}" WITH ALLOW_CONNECTIONS false')
        migrated.server.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", migrated.name
        )
        told = await s.fails("recall", query="pets")
        migrated.server.query(f'ALTER DATABASE "{migrated.name}" WITH ALLOW_CONNECTIONS true')
        assert (await s.ok("recall", query="pets"))["memories"]
    assert "not currently accepting connections" in told
    assert migrated.server.app_password not in told


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("memorize", {"input": "zero \0 byte"}),
        ("memorize", {"input": "half \ud800 a pair"}),
        ("memorize", {"input": "x", "metadata": {"deep": [{"er": "\0"}]}}),
        ("memorize", {"input": "x", "metadata": {"\0": 1}}),
        ("recall", {"query": "\0"}),
        ("recall", {"query": "x", "filters": {"topic": "\ud800"}}),
        ("forget", {"input": "x", "explicitMemoryIds": ["\0"]}),
        ("refine_memories", {"scope": {"seedIds": ["\0"]}}),
        ("create_index", {"name": "x", "description": "\0"}),
    ],
)
@async_test
async def test_what_postgresql_cannot_store_is_refused_by_name(known, tool, arguments):
    async with session(known) as s:
        assert "cannot be stored" in await s.fails(tool, **arguments)
