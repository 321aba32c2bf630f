"""The schema: `memory-mcp db` decides what is pending and applies it; this only asks and reports."""

from __future__ import annotations

from typing import Any

from memory_provision.remote import memory
from memory_provision.remote.base import Report
from memory_provision.remote.psql import administrator


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: install_dir, env_file, owner, project, known (migrations the controller ships), seed,
    bindir, port, admin, database.
    """
    if not memory.ready(request):
        for name in request["known"]:
            report.change(f"migration {name} applied")
        return
    status = memory.call(request, "db", "status")
    if status["state"] == "unmanaged":
        # somebody followed the guide with psql: adopted when it is what the migrations make, else refused
        report.change("schema that was made by hand adopted")
        if not apply:
            return
        memory.call(request, "db", "baseline")
        status = memory.call(request, "db", "status")
    for migration in status["pending"]:
        report.change(f"migration {migration['version']}_{migration['name']} applied")
    if apply and status["pending"]:
        status = memory.call(request, "db", "migrate") and memory.call(request, "db", "status")
    if request["seed"]:
        _seed(request, report, apply)
    report.facts["schema"] = [migration["version"] for migration in status["applied"]]


def _seed(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Loading it twice does no harm, but what is there already is no change."""
    psql = administrator(request)
    there = "SELECT json_build_array(to_regclass('public.memory_indexes') IS NOT NULL)"
    if psql.json(there, request["database"])[0]:
        count = "SELECT json_build_array(count(*)) FROM memory_indexes WHERE project = 'test'"
        if psql.json(count, request["database"])[0]:
            return
    report.change("sample data loaded (project test)")
    if apply:
        memory.call(request, "db", "seed")
