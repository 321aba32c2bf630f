"""The event loop that everything here runs on.

psycopg's asynchronous connections wait with add_reader, which Windows' default loop (Proactor) does not have
(psycopg's documentation, "Asynchronous operations"); everywhere else the default is right.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
Factory = Callable[[], asyncio.AbstractEventLoop]


def factory(platform: str = sys.platform) -> Factory:
    """Give what makes a loop on this platform (a value of sys.platform)."""
    return asyncio.SelectorEventLoop if platform == "win32" else asyncio.new_event_loop


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine as asyncio.run does, on a loop that psycopg can use."""
    if sys.version_info >= (3, 11):
        with asyncio.Runner(loop_factory=factory()) as runner:
            return runner.run(main)
    if sys.platform == "win32":  # 3.10 knows no factories
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    return asyncio.run(main)


def for_uvicorn() -> asyncio.AbstractEventLoop:
    """A loop; uvicorn imports this by its name ("module:function")."""
    return factory()()
