"""The MCP tools: names, arguments and descriptions as clients see them; the work is done next door."""
# ruff: noqa: N803, N815, PLR0913, PLR0917 - the arguments are the contract that clients and prompts already use

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from memory_mcp.errors import MemoryMcpError
from memory_mcp.refinement import Operation
from memory_mcp.server.answers import Answer, Created, Forgotten, Listed, Memorized, Recalled, Refined, Scanned
from memory_mcp.server.app import App
from memory_mcp.server.arguments import check
from memory_mcp.server.forget import Request, forget
from memory_mcp.server.indexes import create_index, list_indexes
from memory_mcp.server.memorize import Keep, memorize
from memory_mcp.server.recall import ResponseMode, Search, recall
from memory_mcp.server.refine import CANDIDATES, Order, Scope, refine
from memory_mcp.server.scan import scan
from memory_mcp.urls import redact

Function: TypeAlias = Callable[..., Awaitable[CallToolResult]]

IndexName = Annotated[str | None, Field(description="Name of the index; leave out for the default index.")]
Filters = Annotated[
    dict[str, Any],
    Field(
        description="Only memories whose metadata has these values; a list means any of its values. "
        'Example: {"topic": "billing", "tags": ["urgent", "today"]}'
    ),
]
Expression = Annotated[
    str | None,
    Field(
        description='Finer filter, for example: @metadata.topic = "billing" AND '
        '(@metadata.tags CONTAINS "urgent" OR @metadata.score >= 7). Operators: = != > < >= <= CONTAINS AND OR.'
    ),
]
Limit = Annotated[int, Field(ge=1, le=100, description="How many memories at most.")]


def tools(app: App, roots: Sequence[Path]) -> list[Tool]:
    """Every tool of the server; `roots` are the folders from which memorize may read files."""
    bound = _Tools(app, roots)
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    adds = ToolAnnotations(destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    deletes = ToolAnnotations(destructive_hint=True, idempotent_hint=True, open_world_hint=False)
    return [
        strict(bound.memorize, adds),
        strict(bound.recall, reads),
        strict(bound.forget, deletes),
        strict(bound.create_index, adds),
        strict(bound.list_indexes, reads),
        strict(bound.refine_memories, deletes),
        strict(bound.scan_memories, reads),
    ]


def strict(function: Function, annotations: ToolAnnotations) -> Tool:
    """Make a tool that refuses arguments which it does not know.

    The SDK ignores them, and then a misspelt `filters` would widen what forget deletes.
    """
    tool = Tool.from_function(_told(function), description=inspect.getdoc(function), annotations=annotations)
    arguments = tool.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    return tool.model_copy(update={"parameters": arguments.model_json_schema(by_alias=True)})


def _told(tool: Function) -> Function:
    """Hand expected errors to the model; of anything else the SDK shows only that the tool failed."""

    @functools.wraps(tool)
    async def call(**arguments: Any) -> CallToolResult:
        try:
            for name, value in arguments.items():
                check(name, value.model_dump() if isinstance(value, BaseModel) else value)
            return await tool(**arguments)
        except MemoryMcpError as error:
            raise ToolError(redact(str(error))) from error

    return call


class ScopeArgument(BaseModel):
    """The object that refine_memories takes as `scope`."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str | None, Field(description="Only memories near to this, by meaning.")] = None
    filters: Filters = {}
    seedIds: Annotated[list[str], Field(description="These memories, and what they are linked to.")] = []
    maxCandidates: Annotated[int, Field(ge=1, le=500, description="How many to look at.")] = CANDIDATES


class _Tools:
    def __init__(self, app: App, roots: Sequence[Path]) -> None:
        self._app, self._roots = app, roots

    async def memorize(
        self,
        input: Annotated[str, Field(description="The text to remember: one fact or one coherent passage.")],  # noqa: A002
        files: Annotated[
            list[str], Field(description="Text files to remember too, below the folders the server may read.")
        ] = [],  # noqa: B006 - never changed; the schema shows it
        index: IndexName = None,
        metadata: Annotated[
            dict[str, Any],
            Field(
                description="What is known about it: memoryType (self, belief, pattern, episodic, semantic), "
                "topic, importance (low, medium, high), tags[], source, validAt, and any keys of your own."
            ),
        ] = {},  # noqa: B006
    ) -> Annotated[CallToolResult, Memorized]:
        """Remember a text for later sessions. The same text, word for word, is not stored twice.

        Makes the index when it does not exist. Answers with the ids.
        """
        return _done(await memorize(self._app, Keep(input, files, index, metadata), self._roots))

    async def recall(
        self,
        query: Annotated[
            str, Field(description="What to look for, in plain words; meaning counts, not spelling.")
        ],
        index: IndexName = None,
        limit: Limit = 10,
        filters: Filters = {},  # noqa: B006
        filterExpression: Expression = None,
        responseMode: Annotated[
            ResponseMode, Field(description="answer: as a list in words; memories: with ids and metadata.")
        ] = "both",
    ) -> Annotated[CallToolResult, Recalled]:
        """Find memories by meaning, best first. Says which project and index were searched."""
        search = Search(query, index, limit, filters, filterExpression)
        return _done(await recall(self._app, search, responseMode))

    async def forget(
        self,
        input: Annotated[  # noqa: A002
            str,
            Field(description='What to forget, in words; "*" means everything that the filters select.'),
        ],
        index: IndexName = None,
        filters: Filters = {},  # noqa: B006
        dryRun: Annotated[
            StrictBool, Field(description="true (default) only shows the plan; false deletes what is sure.")
        ] = True,
        explicitMemoryIds: Annotated[
            list[str], Field(description="Exactly these memories and no others; input is then only the reason.")
        ] = [],  # noqa: B006
    ) -> Annotated[CallToolResult, Forgotten]:
        """Delete memories. First call it as a dry run, then with the ids from its plan and dryRun false.

        Found by meaning alone, only near-certain matches are deleted; the rest is listed.
        """
        return _done(await forget(self._app, Request(input, index, filters, explicitMemoryIds, dryRun)))

    async def create_index(
        self,
        name: Annotated[str, Field(description="Name of the new index, for example work-notes.")],
        description: Annotated[
            str | None, Field(description="What it is for; helps to choose it later.")
        ] = None,
    ) -> Annotated[CallToolResult, Created]:
        """Make a separate collection of memories in the active project. Does nothing when it exists."""
        return _done(await create_index(self._app, name, description))

    async def list_indexes(self) -> Annotated[CallToolResult, Listed]:
        """List the indexes of the active project, with how many memories each holds."""
        return _done(await list_indexes(self._app))

    async def refine_memories(
        self,
        index: IndexName = None,
        operation: Annotated[
            Operation,
            Field(
                description="decay: bring priorities up to date; cleanup: delete superseded, doubled and faded "
                "memories; consolidation: merge what says nearly the same; reflection: write summaries."
            ),
        ] = "consolidation",
        scope: Annotated[
            ScopeArgument, Field(description="Which memories; leave out for those of highest priority.")
        ] = ScopeArgument(),  # noqa: B008 - never changed; the schema shows it
        budget: Annotated[int, Field(ge=1, le=1000, description="How many actions at most.")] = 20,
        dryRun: Annotated[StrictBool, Field(description="true (default) only shows the plan.")] = True,
    ) -> Annotated[CallToolResult, Refined]:
        """Keep an index in order: merge, summarize, fade and clean up. First call it as a dry run."""
        looked_at = Scope(scope.query, scope.filters, scope.seedIds, scope.maxCandidates)
        return _done(await refine(self._app, Order(index, operation, looked_at, budget, dryRun)))

    async def scan_memories(
        self,
        query: Annotated[str, Field(description="What to look for, in plain words.")],
        index: IndexName = None,
        limit: Annotated[int, Field(ge=1, le=1000, description="How many memories at most.")] = 10,
        filters: Filters = {},  # noqa: B006
        filterExpression: Expression = None,
        semanticWeight: Annotated[
            float, Field(ge=0, le=1, description="1 counts meaning only, 0 counts words only.")
        ] = 0.7,
        includeMetadata: Annotated[bool, Field(description="Show each memory's metadata.")] = True,
    ) -> Annotated[CallToolResult, Scanned]:
        """Look at stored memories by meaning and words, with scores; unlike recall it does not count as use."""
        search = Search(query, index, limit, filters, filterExpression)
        return _done(await scan(self._app, search, semanticWeight, includeMetadata))


def _done(answer: Answer) -> CallToolResult:
    return answer.result()
