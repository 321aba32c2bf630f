"""The command on an event loop that can do no more than Windows' selector loop; also run as a program.

What that loop lacks is listed in Python's documentation, "Platform Support" of asyncio.
"""

from __future__ import annotations

import asyncio
from typing import Any, NoReturn

from memory_mcp import loops
from memory_mcp.cli import main


class LikeWindows(asyncio.SelectorEventLoop):
    """No subprocesses, no pipes, no signal handlers, no Unix sockets."""

    def _lacks(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError("not on Windows")

    subprocess_exec = subprocess_shell = connect_read_pipe = connect_write_pipe = _lacks
    add_signal_handler = create_unix_connection = create_unix_server = _lacks


def like_windows(_: str = "") -> type[LikeWindows]:
    return LikeWindows


if __name__ == "__main__":
    loops.factory = like_windows
    main()
