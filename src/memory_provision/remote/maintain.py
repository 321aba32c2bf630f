"""One command of the installed `memory-mcp` that an operator asked for: a backup, a restore, a rollback."""

from __future__ import annotations

from typing import Any

from memory_provision.remote import memory
from memory_provision.remote.base import Report, Trouble


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: install_dir, env_file, owner, project, database, arguments, change (in words),
    dangerous (then confirm has to be the database's name).
    """
    confirmed(request)
    report.change(request["change"])
    if apply:
        # as root: a backup belongs to nobody else
        report.facts["answer"] = memory.call_as(None, request, *request["arguments"])


def confirmed(request: dict[str, Any]) -> None:
    """Trouble unless there is a server to ask, and the operator knows what can be lost."""
    if not memory.ready(request):
        raise Trouble(
            "there is no Memory MCP on this machine",
            f"no {memory.command(request)}, or no {request['env_file']}",
            "run deploys/postgres.py first",
        )
    if request["dangerous"] and request["confirm"] != request["database"]:
        raise Trouble(
            f"{request['change']}: not confirmed",
            f"it can remove what is in database {request['database']} now",
            f"repeat with --data confirm={request['database']}",
        )
