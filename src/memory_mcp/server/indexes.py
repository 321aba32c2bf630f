"""The tools create_index and list_indexes."""

from __future__ import annotations

from memory_mcp.server.answers import Created, IndexEntry, Listed
from memory_mcp.server.app import App, check_name


async def create_index(app: App, name: str, description: str | None) -> Created:
    """Make an index, or say that it is there."""
    from memory_mcp.store import indexes

    check_name(name)
    async with app.transaction() as connection:
        created = await indexes.create(connection, app.project, name, description)
        found = await indexes.find(connection, app.project, name)
    return Created(
        project=app.project, name=name, created=created, description=found.description if found else description
    )


async def list_indexes(app: App) -> Listed:
    """Every index of the project, with how much it holds and which model fills it."""
    from memory_mcp.store import indexes

    async with app.transaction() as connection:
        found = await indexes.list_all(connection, app.project)
    return Listed(
        project=app.project,
        default_index=app.settings.default_index,
        document_count=sum(index.memories for index in found),
        indexes=[
            IndexEntry(
                name=index.name,
                description=index.description,
                document_count=index.memories,
                embedding=index.model.as_json() if index.model else None,
                created_at=index.created_at,
                last_written_at=index.last_written_at,
            )
            for index in found
        ],
    )
