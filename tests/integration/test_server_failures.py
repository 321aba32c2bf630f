"""What the server says when something it needs is missing or goes away."""

from __future__ import annotations

from tests.integration.serving import async_test, session, settings

ANIMALS = "The family has a dog and two cats."
TAXES = "Taxes are due at the end of May."


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
