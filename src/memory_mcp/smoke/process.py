"""The server as a child process that talks MCP over its pipes.

The SDK has a transport of its own, but it can only start the process after the SDK is imported, which takes as
long as the server's whole start. This one starts the server first, and both imports run side by side.

The pipes are read by threads, because no loop of Windows can do both: wait for pipes and for psycopg's sockets.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Final

from memory_mcp.errors import ConfigurationError

if TYPE_CHECKING:
    from anyio.abc import ObjectReceiveStream, ObjectSendStream
    from mcp.client._transport import TransportStreams
    from mcp.shared.message import SessionMessage

# what MCP clients let a server inherit; everything else it must find in its .env file
_WINDOWS: Final = """
    APPDATA HOMEDRIVE HOMEPATH LOCALAPPDATA PATH PATHEXT PROCESSOR_ARCHITECTURE SYSTEMDRIVE SYSTEMROOT TEMP
    USERNAME USERPROFILE
"""
INHERITED: Final = tuple((_WINDOWS if os.name == "nt" else "HOME LOGNAME PATH SHELL TERM USER").split())
STDERR_LINES: Final = 8
EXIT_SECONDS: Final = 3.0
LISTEN_SECONDS: Final = 0.5
POLL_SECONDS: Final = 0.01


class ServerProcess:
    """One running server. Make it with `start`, end it with `stop`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101 - asked for in start
        self._process, self._stdin = process, process.stdin
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        # None in the queue is the end of the server's output
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._listening = _thread(self._listen, process.stderr)
        _thread(self._hear, process.stdout, asyncio.get_running_loop())

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        inherit: Sequence[int] = (),
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> ServerProcess:
        """Start the command with some file descriptors and variables besides what every server gets.

        Raises ConfigurationError when there is no such program.
        """
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**{name: os.environ[name] for name in INHERITED if name in os.environ}, **extra},
                pass_fds=tuple(inherit),
            )
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ConfigurationError(f"{command[0]} cannot be started", why, "correct --command") from None
        return cls(process)

    @asynccontextmanager
    async def streams(self) -> AsyncIterator[TransportStreams]:
        """Give the two streams that an MCP client reads and writes: a transport of the SDK."""
        import anyio
        from mcp.shared.message import SessionMessage

        to_client, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        outgoing, from_client = anyio.create_memory_object_stream[SessionMessage](0)
        work = (self._read(to_client), self._write(from_client), self._watch(to_client))
        tasks = [asyncio.create_task(one) for one in work]
        async with to_client, incoming, outgoing, from_client:
            try:
                yield incoming, outgoing
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    async def stop(self) -> None:
        """End the server as a client does: close its input, wait, then kill it. May be called twice."""
        with suppress(OSError):  # it may have closed its end first
            self._stdin.close()
        for end in (self._process.terminate, self._process.kill):
            if await self._ended(EXIT_SECONDS):
                break
            with suppress(ProcessLookupError):
                end()
        await self._ended(EXIT_SECONDS)
        # what the server left running may hold its stderr open for ever
        await asyncio.to_thread(self._listening.join, LISTEN_SECONDS)

    async def _ended(self, seconds: float) -> bool:
        """Wait for the end of the process. `Process.wait` would also wait for everybody who has its pipes."""
        for _ in range(int(seconds / POLL_SECONDS)):
            if self._process.poll() is not None:
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def _watch(self, stream: ObjectSendStream[SessionMessage | Exception]) -> None:
        """Tell the client that the server has ended, also when something else still holds its stdout."""
        while self._process.poll() is None:
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.sleep(LISTEN_SECONDS)  # its last answer may still be on the way
        await stream.aclose()

    def last_words(self) -> str:
        """What the server wrote to stderr, its last lines."""
        return "\n".join(self._stderr)

    def _listen(self, stderr: IO[bytes]) -> None:
        for line in stderr:
            self._stderr.append(line.decode(errors="replace").rstrip())

    def _hear(self, stdout: IO[bytes], loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            for line in stdout:
                loop.call_soon_threadsafe(self._lines.put_nowait, line)
            loop.call_soon_threadsafe(self._lines.put_nowait, None)

    async def _read(self, stream: ObjectSendStream[SessionMessage | Exception]) -> None:
        from mcp.shared.message import SessionMessage
        from mcp.types import jsonrpc_message_adapter

        async with stream:
            while (line := await self._lines.get()) is not None:
                try:
                    await stream.send(SessionMessage(jsonrpc_message_adapter.validate_json(line)))
                except ValueError as error:  # something else was printed: the client reports it
                    await stream.send(error)

    async def _write(self, stream: ObjectReceiveStream[SessionMessage]) -> None:
        async for sent in stream:
            text = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
            await asyncio.to_thread(self._send, text.encode() + b"\n")

    def _send(self, line: bytes) -> None:
        with suppress(OSError, ValueError):  # a server that died is noticed by the reader
            self._stdin.write(line)
            self._stdin.flush()


def _thread(target: Callable[..., None], *arguments: object) -> threading.Thread:
    """Start a thread that does not keep the interpreter alive: its pipe may never end."""
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread
