"""What is stored is what the model gave: read back with pgvector's own adapter, not with our text form."""

from __future__ import annotations

import psycopg
from pgvector.psycopg import register_vector

from memory_mcp.embeddings.local import LocalEmbedder
from tests.integration.serving import async_test, session, settings

FACT = "The boiler in the cellar was replaced in spring."


@async_test
async def test_a_stored_vector_is_the_models_filled_up_with_zeros(migrated, tmp_path):
    async with session(settings(migrated.url, tmp_path)) as client:
        await client.ok("memorize", input=FACT)
    embedder = LocalEmbedder()
    [wanted] = await embedder.embed([FACT])
    with psycopg.connect(migrated.url) as connection:
        register_vector(connection)
        [(stored,)] = connection.execute("SELECT embedding FROM memories").fetchall()
    numbers = [float(x) for x in stored.to_list()] if hasattr(stored, "to_list") else [float(x) for x in stored]
    assert len(numbers) == 1536
    assert max(abs(a - b) for a, b in zip(numbers, wanted, strict=False)) < 1e-6
    assert not any(numbers[len(wanted) :])
