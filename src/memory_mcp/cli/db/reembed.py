"""`db reembed`."""

from __future__ import annotations

import asyncio
import sys

import click

from memory_mcp.cli.output import emit, json_option, note, say, wants_json
from memory_mcp.cli.target import current_settings, database_options
from memory_mcp.config import DatabaseTarget


@click.command()
@click.option("--index", metavar="NAME", help="The index (default: MEMORY_DEFAULT_INDEX).")
@click.option("--dimensions", type=int, metavar="N", help="First make the column memories.embedding N wide.")
@json_option
@database_options
def reembed(target: DatabaseTarget, index: str | None, dimensions: int | None) -> None:
    """Change the embedding model of an index.

    Its vectors are made anew with the model of the settings. Searches see the old ones until all new ones are
    there. Stop servers that still use the old model. An interrupted run goes on where it stopped.
    """
    from memory_mcp.db import reembed as engine
    from memory_mcp.db import widen
    from memory_mcp.embeddings import choose

    settings = current_settings()
    embedder = choose(settings)
    if dimensions:
        widen.widen(target, dimensions)

    async def work() -> engine.Reembedded:
        try:
            return await engine.reembed(target, index or settings.default_index, embedder, _progress)
        finally:
            await embedder.close()

    done = asyncio.run(work())
    if wants_json():
        emit({"ok": True, "index": done.index, "memories": done.memories, "model": done.model})
    say(f"{done.index}: {done.memories} memories have vectors of {done.model}")


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        note(f"{done:,} of {total:,}")
