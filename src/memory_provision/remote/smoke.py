"""The smoke test: a real MCP client uses the installed server. Kept in a stamp is for what it last passed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from memory_provision.remote import memory
from memory_provision.remote.base import Report, Rights, read_text, replace_file


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: install_dir, env_file, projects_file, owner, project, when (changed|always|never), state
    (anything else that the test's result depends on: versions, the schema).
    """
    if request["when"] == "never":
        return
    path = f"{request['install_dir']}/smoke-{request['project']}.json"
    stamp = json.loads(read_text(path) or "{}")
    now = _fingerprint(request)
    if stamp.get("passed_for") == now and request["when"] == "changed":
        report.facts["smoke"] = stamp["answer"]
        return
    report.change("server used by a real MCP client: index made, three facts kept, one recalled, all removed")
    if not apply:
        return
    answer = memory.call(request, "smoke", timeout=180)
    report.facts["smoke"] = answer
    replace_file(path, json.dumps({"passed_for": now, "answer": answer}) + "\n", Rights(0o600))


def _fingerprint(request: dict[str, Any]) -> str:
    """Everything that could make the next test end differently, as one hash; kept in a file only root reads."""
    parts = [json.dumps(request["state"], sort_keys=True)]
    if os.path.exists(f"{request['install_dir']}/current"):
        parts.append(os.readlink(f"{request['install_dir']}/current"))
    for name in ("env_file", "projects_file"):
        path = Path(request[name])
        parts.append(path.read_text() if path.exists() else "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
