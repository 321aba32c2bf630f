"""The server's files: projects.json, .env and the password file. What others wrote into them is kept."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from memory_provision.remote import credential
from memory_provision.remote.base import Report, Rights, read_text, sync_directory, sync_file

PASSWORD = "@PASSWORD@"  # noqa: S105 -- what the controller's template has in the password's place
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: config_dir, projects_file, env_file, passfile, owner, project, role, database, port,
    projects (rendered), env (rendered), keep (keys of .env that an existing file decides), password?
    """
    group = request["owner"]
    for folder in (request["config_dir"], os.path.dirname(request["projects_file"])):
        sync_directory(report, apply, folder, Rights(0o755))
    password = credential.find(request)
    if password is None:
        report.change(f"{request['projects_file']} and {request['env_file']} written")
        return
    # root alone reads the password file; the group, the server among it, reads what the server reads
    shared = Rights(0o640, "root", group) if group else Rights(0o600)
    sync_file(report, apply, request["passfile"], credential.passfile_text(request, password), Rights(0o600))
    sync_file(report, apply, request["projects_file"], _projects(request, password), shared)
    sync_file(report, apply, request["env_file"], _env(request), shared)


def _projects(request: dict[str, Any], password: str) -> str:
    """The registry with our project in it; an entry that means the same is left as it was written."""
    have = credential.registry(request)
    url = credential.place(request).url(password)
    wanted = json.loads(request["projects"].replace(PASSWORD, "x"))[request["project"]]
    entry = have.get(request["project"])
    merged = {**(entry if isinstance(entry, dict) else {}), **wanted, "databaseUrl": url}
    if merged == entry:
        return read_text(request["projects_file"]) or ""
    return json.dumps({**have, request["project"]: merged}, indent=2, ensure_ascii=False) + "\n"


def _env(request: dict[str, Any]) -> str:
    """The .env file with our keys set; comments, other keys and their order are kept."""
    text = read_text(request["env_file"])
    if text is None:
        return str(request["env"])
    wanted = {m.group(1): line for line in request["env"].splitlines() if (m := _ASSIGNMENT.match(line))}
    lines, seen = [], set()
    for line in text.splitlines():
        found = _ASSIGNMENT.match(line)
        name = found.group(1) if found else ""
        if name in wanted:
            seen.add(name)
            lines.append(line if name in request["keep"] else wanted[name])
        else:
            lines.append(line)
    return "\n".join(lines + [line for name, line in wanted.items() if name not in seen]) + "\n"
