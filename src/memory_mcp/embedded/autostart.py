"""A database URL that leads to the embedded server: started when the MCP server needs it, named in errors.

A user without root has no service manager that surely runs. MCP clients start `memory-mcp serve` themselves, so
that is what brings the database back after a reboot; a server that the user stopped stays stopped.
"""

from __future__ import annotations

import os

from memory_mcp.config import DatabaseTarget
from memory_mcp.embedded import postmaster
from memory_mcp.embedded.directory import Directory
from memory_mcp.errors import ConfigurationError, MemoryMcpError, UnreachableError


def directory_of(target: DatabaseTarget) -> Directory | None:
    """The embedded server's directory, when the URL names this machine and that server's port."""
    from memory_mcp.embedded import port

    url = target.parsed
    if target.embedded is None or not url.is_local or url.host.startswith("/"):
        return None
    directory = Directory(target.embedded)
    try:
        ours = port.kept(directory.port_file) == url.port and bool(directory.clusters())
    except (OSError, ConfigurationError):
        return None
    return directory if ours else None


def ensure(target: DatabaseTarget) -> None:
    """Start the server behind `target` when it is the embedded one, is down, and was not stopped by its user.

    Takes a second or two when it has to; raises MemoryMcpError as `server.start` does.
    """
    directory = directory_of(target)
    if directory is None or directory.stopped.exists() or _running(directory) or _other_user(directory):
        return
    from memory_mcp.embedded import programs, server

    server.start(directory, programs.find())


def advised(error: MemoryMcpError, target: DatabaseTarget) -> MemoryMcpError:
    """The same error, or one that names the embedded server when that is what does not run."""
    if not isinstance(error, UnreachableError):
        return error
    directory = directory_of(target)
    if directory is None or _running(directory):
        return error
    return UnreachableError(error.seen, "the embedded server is not running", "memory-mcp embedded start")


def _running(directory: Directory) -> bool:
    return any(postmaster.running(cluster.data) for cluster in directory.clusters())


def _other_user(directory: Directory) -> bool:
    """Root may read a user's projects.json, and must not start that user's server."""
    return hasattr(os, "geteuid") and directory.root.stat().st_uid != os.geteuid()
