"""The server as a child process that talks MCP over its pipes.

The SDK has a transport of its own, but it can only start the process after the SDK is imported, which takes as
long as the server's whole start. This one starts the server first, and both imports run side by side.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

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
LINE_BYTES: Final = 16 * 1024 * 1024
EXIT_SECONDS: Final = 3.0
LISTEN_SECONDS: Final = 0.5
POLL_SECONDS: Final = 0.01


class ServerProcess:
    """One running server. Make it with `start`, end it with `stop`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._listening = asyncio.create_task(self._listen())

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
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                limit=LINE_BYTES,
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
        if self._process.stdin:
            self._process.stdin.close()
        for end in (self._process.terminate, self._process.kill):
            if await self._ended(EXIT_SECONDS):
                break
            with suppress(ProcessLookupError):
                end()
        await self._ended(EXIT_SECONDS)
        # what the server left running may hold its stderr open for ever
        await asyncio.wait([self._listening], timeout=LISTEN_SECONDS)
        self._listening.cancel()

    async def _ended(self, seconds: float) -> bool:
        """Wait for the end of the process. `Process.wait` would also wait for everybody who has its pipes."""
        for _ in range(int(seconds / POLL_SECONDS)):
            if self._process.returncode is not None:
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def _watch(self, stream: ObjectSendStream[SessionMessage | Exception]) -> None:
        """Tell the client that the server has ended, also when something else still holds its stdout."""
        while self._process.returncode is None:
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.sleep(LISTEN_SECONDS)  # its last answer may still be on the way
        await stream.aclose()

    def last_words(self) -> str:
        """What the server wrote to stderr, its last lines."""
        return "\n".join(self._stderr)

    async def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - asked for in start
        async for line in self._process.stderr:
            self._stderr.append(line.decode(errors="replace").rstrip())

    async def _read(self, stream: ObjectSendStream[SessionMessage | Exception]) -> None:
        from mcp.shared.message import SessionMessage
        from mcp.types import jsonrpc_message_adapter

        assert self._process.stdout is not None  # noqa: S101 - asked for in start
        async with stream:
            async for line in self._process.stdout:
                try:
                    await stream.send(SessionMessage(jsonrpc_message_adapter.validate_json(line)))
                except ValueError as error:  # something else was printed: the client reports it
                    await stream.send(error)

    async def _write(self, stream: ObjectReceiveStream[SessionMessage]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - asked for in start
        async for sent in stream:
            text = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
            with suppress(ConnectionError):  # a server that died is noticed by the reader
                self._process.stdin.write(text.encode() + b"\n")
                await self._process.stdin.drain()
