"""The schema: `memory-mcp db` decides what is pending and applies it; this only asks and reports."""

from __future__ import annotations

from typing import Any

from memory_provision.remote import memory
from memory_provision.remote.base import Report


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: install_dir, env_file, service_user, project, known (migrations the controller ships), seed."""
    if not memory.ready(request):
        for name in request["known"]:
            report.change(f"migration {name} applied")
        return
    status = memory.call(request, "db", "status")
    for migration in status["pending"]:
        report.change(f"migration {migration['version']}_{migration['name']} applied")
    if apply and status["pending"]:
        status = memory.call(request, "db", "migrate") and memory.call(request, "db", "status")
    report.facts["schema"] = [migration["version"] for migration in status["applied"]]
