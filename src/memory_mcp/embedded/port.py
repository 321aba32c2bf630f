"""The server's port: chosen once, kept in a file."""

from __future__ import annotations

import socket
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from memory_mcp.errors import ConfigurationError, MemoryMcpError

FIRST, COUNT = 15432, 1000
"""Below the ports that systems give to outgoing connections (Linux: from 32768), and not PostgreSQL's own 5432,
which a server that is installed later would want."""


def candidates(root: str) -> Iterator[int]:
    """Every port of the range, beginning at one that depends on the directory: two users seldom meet."""
    start = zlib.crc32(root.encode())
    return (FIRST + (start + step) % COUNT for step in range(COUNT))


def free(port: int) -> bool:
    """Could a server listen on it?"""
    with socket.socket() as probe:
        if sys.platform != "win32":  # as PostgreSQL does: a port in TIME_WAIT is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(root: str, is_free: Callable[[int], bool] = free) -> int:
    """A free port; raises MemoryMcpError when the whole range is taken."""
    for port in candidates(root):
        if is_free(port):
            return port
    raise MemoryMcpError(
        f"every port from {FIRST} to {FIRST + COUNT - 1} is taken", "", "memory-mcp embedded start --port PORT"
    )


def kept(path: Path) -> int | None:
    """The port in the file, None without a file; raises ConfigurationError when it holds something else."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise ConfigurationError(
            f"{path} does not hold a port", "somebody else wrote it", "memory-mcp embedded start --port PORT"
        )
    return int(text)
