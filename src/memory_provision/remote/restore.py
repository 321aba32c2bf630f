"""A restore beside the database: the administrator makes a new one, the application's role fills it, the
administrator exchanges the names. The old database stays under another name.

The backup is read by root, the role's password by `memory-mcp`, and the administrator comes in as the operating
system's user: nothing secret passes through here.
"""

from __future__ import annotations

import time
from typing import Any

from memory_provision.remote import maintain, memory
from memory_provision.remote.base import Report, Trouble
from memory_provision.remote.hba import RULES, decides
from memory_provision.remote.psql import Psql, administrator, identifier, literal

# Seconds. Sessions that come back between being sent away and the renaming make it fail for once.
_BUSY = 60
_LIST = "SELECT coalesce(json_agg(statement), '[]') FROM ({query}) AS found"


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: that of `maintain` (whose `arguments` restore in one transaction), and bindir, port, admin,
    role, names (old, new, kept, prefix) and sql: the templates of memory_mcp.db.exchange.
    """
    maintain.confirmed(request)
    report.change(request["change"])
    if not apply:
        return
    psql = administrator(request)
    if not _admitted(request, psql):
        report.warn(
            f"pg_hba.conf lets {request['role']} into {request['database']} only, so its content was replaced "
            "in one transaction, not exchanged with a new database"
        )
        report.facts["answer"] = memory.call_as(None, request, *request["arguments"])
        return
    _statements(request, psql, "leftovers", "postgres")
    try:
        _statements(request, psql, "make", "postgres")
        _statements(request, psql, "extensions", request["names"]["old"], run_in=request["names"]["new"])
        into = ["--into", request["names"]["new"]]
        answer = memory.call_as(None, request, *request["arguments"], *into)
        _exchange(request, psql)
    except BaseException:
        psql.execute(_filled(request, request["sql"]["drop"]))
        raise
    report.facts["answer"] = {**answer, "kept": request["names"]["kept"]}


def _admitted(request: dict[str, Any], psql: Psql) -> bool:
    """May the role log in to a database of any name over localhost?"""
    rules, name = psql.json(RULES) or [], request["names"]["new"]
    return all(decides(rules, name, request["role"], at) == "scram-sha-256" for at in ("127.0.0.1", "::1"))


def _statements(
    request: dict[str, Any], psql: Psql, query: str, database: str, run_in: str = "postgres"
) -> None:
    """Run the statements that a query returns, each by itself."""
    found = _LIST.format(query=_filled(request, request["sql"][query]))
    psql.execute("".join(f"{statement};\n" for statement in psql.json(found, database)), run_in)


def _exchange(request: dict[str, Any], psql: Psql) -> None:
    """Both names in one transaction, as soon as nobody is connected."""
    text = ";\n".join(_filled(request, statement) for statement in request["sql"]["exchange"])
    until = time.monotonic() + _BUSY
    while True:
        try:
            psql.execute(f"BEGIN;\n{text};\nCOMMIT;")
            return
        except Trouble as trouble:
            if "being accessed by other users" not in trouble.why or time.monotonic() > until:
                raise


def _filled(request: dict[str, Any], template: str) -> str:
    names = request["names"]
    return template.format(
        **{key: literal(value) for key, value in names.items()},
        **{f"{key}_name": identifier(value) for key, value in names.items()},
        template=literal("template0"),
    )
