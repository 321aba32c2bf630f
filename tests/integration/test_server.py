"""The tools over a real database; what they did is read back with plain SQL."""

from __future__ import annotations

import pytest

from tests.integration.serving import PROJECT, async_test, session

ANIMALS = "The family has a dog and two cats."
TAXES = "Taxes are due at the end of May."
ROOM = "The meeting room is on the third floor."


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
