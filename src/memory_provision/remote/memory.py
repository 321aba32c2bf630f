"""Calling the installed `memory-mcp` on the host, as the service's user."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from memory_provision.remote.base import Trouble, run


def command(request: dict[str, Any]) -> str:
    """Path of the installed command."""
    inside = "Scripts/memory-mcp.exe" if sys.platform == "win32" else "bin/memory-mcp"
    return f"{request['install_dir']}/current/{inside}"


def ready(request: dict[str, Any]) -> bool:
    """Is there a server with its configuration?"""
    return os.path.exists(command(request)) and os.path.exists(request["env_file"])


def call(request: dict[str, Any], *arguments: str, timeout: float = 900) -> dict[str, Any]:
    """Run `memory-mcp ARGUMENTS --json` as the configuration's owner; its answer, or Trouble with its error."""
    return call_as(request["owner"], request, *arguments, timeout=timeout)


def call_as(
    user: str | None, request: dict[str, Any], *arguments: str, timeout: float = 3600
) -> dict[str, Any]:
    """The same as another user; None is whoever we are."""
    argv = [command(request), *arguments, "--json", "--project", request["project"]]
    clean = {"MEMORY_ENV_FILE": request["env_file"], "DATABASE_URL": None}
    if user is not None:
        clean["HOME"] = "/nonexistent"
    done = run(argv, user=user, env=clean, timeout=timeout)
    try:
        answer = dict(json.loads(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr))
    except (ValueError, IndexError):
        answer = {}
    if done.returncode == 0 and answer:
        return answer
    error = answer.get("error") or {}
    raise Trouble(
        error.get("seen") or f"memory-mcp {' '.join(arguments)} failed (exit {done.returncode})",
        error.get("why") or "; ".join(done.stderr.splitlines()[-3:]),
        error.get("fix") or "",
    )
