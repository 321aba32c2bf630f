"""What a client asks of the server, step by step, and what must come back."""

from __future__ import annotations

from typing import Any, Final

from mcp import Client
from mcp.types import TextContent

from memory_mcp.errors import MemoryMcpError
from memory_mcp.smoke.report import Report
from memory_mcp.store.throwaway import Throwaway

TOOLS: Final = {
    *("memorize", "recall", "forget", "create_index", "list_indexes", "refine_memories", "scan_memories"),
}
FACTS: Final = (
    "The family has a dog and two cats.",
    "Taxes are due at the end of May.",
    "The meeting room is on the third floor.",
)
# shares no word with the fact that it is about, so only meaning can find it
QUESTION: Final = "Which animals live with us at home?"
# the embedder for tests knows words but no meaning
QUESTION_FOR_HASHED: Final = "the family dog and cats"


async def converse(client: Client, throwaway: Throwaway, report: Report) -> None:
    """Take every step up to forget; raises MemoryMcpError for an answer that is not right."""
    with report.step("tools"):
        known = {tool.name for tool in (await client.list_tools()).tools}
        _expect(known >= TOOLS, f"the server lacks the tools {', '.join(sorted(TOOLS - known))}")
    with report.step("create index"):
        await _call(client, "create_index", name=throwaway.name, description="Smoke test; removes itself.")
    with report.step("memorize"):
        ids = []
        for fact in FACTS:
            answer = await _call(client, "memorize", input=fact, index=throwaway.name)
            ids += answer["memoryIds"]
        stored = await throwaway.count()
        _expect(
            stored == len(set(ids)) == len(FACTS), f"{len(FACTS)} facts were sent, {stored} are in the table"
        )
        report.embedding = await _embedding(client, throwaway.name)
    with report.step("recall"):
        question = QUESTION_FOR_HASHED if report.embedding.get("provider") == "hashed" else QUESTION
        answer = await _call(client, "recall", query=question, index=throwaway.name, limit=1)
        found = [memory["text"] for memory in answer["memories"]]
        _expect(found == [FACTS[0]], f"{question!r} should find {FACTS[0]!r}, it found {found}")
    with report.step("forget"):
        planned = await _call(client, "forget", input="smoke test", index=throwaway.name, explicitMemoryIds=ids)
        _expect(len(planned["plan"]) == len(ids), f"the dry run planned {len(planned['plan'])} of {len(ids)}")
        _expect(await throwaway.count() == len(ids), "the dry run deleted something")
        await _call(
            client,
            "forget",
            input="smoke test",
            index=throwaway.name,
            explicitMemoryIds=ids,
            dryRun=False,
        )
        left = await throwaway.count()
        _expect(left == 0, f"{left} memories are still in the table")


async def _embedding(client: Client, index: str) -> dict[str, Any]:
    """Read which model the server recorded for the index that it has just filled."""
    listed = await _call(client, "list_indexes")
    entries = [entry for entry in listed["indexes"] if entry["name"] == index]
    _expect(len(entries) == 1, "list_indexes does not show the new index")
    return dict(entries[0].get("embedding") or {})


async def _call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    if result.is_error:
        raise _told(tool, text)
    if not isinstance(result.structured_content, dict):
        raise MemoryMcpError(f"{tool} gave no structured answer", text[:300], "use this version's own server")
    return result.structured_content


def _told(tool: str, text: str) -> MemoryMcpError:
    """Take the three lines of the server's error apart again."""
    lines = text.removeprefix(f"Error executing tool {tool}: ").splitlines()
    why = " ".join(line.removeprefix("why: ") for line in lines if line.startswith("why: "))
    fix = " ".join(line.removeprefix("fix: ") for line in lines if line.startswith("fix: "))
    return MemoryMcpError(lines[0] if lines else f"{tool} failed", why, fix or "memory-mcp doctor")


def _expect(right: bool, otherwise: str) -> None:
    if not right:
        raise MemoryMcpError(otherwise, "the server answered, but not as it must", "memory-mcp doctor")
