"""The server over streamable HTTP: open on this machine, behind a token for all others."""

from __future__ import annotations

import hmac
import socket
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from memory_mcp.config import Settings
from memory_mcp.errors import BusyError, ConfigurationError, RefusedError
from memory_mcp.server import build

if TYPE_CHECKING:
    from mcp.server.transport_security import TransportSecuritySettings
    from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL: Final = ("127.0.0.1", "::1", "localhost")
PATH: Final = "/mcp"
SHORTEST_TOKEN: Final = 16
CONNECTIONS: Final = 10


@dataclass(frozen=True)
class Address:
    """Where to listen, and under which public names clients may ask for it (`Host` header)."""

    host: str
    port: int
    names: Sequence[str] = ()


def run(settings: Settings, project: str | None, address: Address, token_file: Path | None) -> None:
    """Serve at http://HOST:PORT/mcp until the process is told to stop.

    Raises RefusedError for an address that others can reach without a token, ConfigurationError for a token
    file that cannot be used, BusyError for a port that is taken.
    """
    import uvicorn

    token = read_token(token_file) if token_file else None
    if address.host not in LOCAL and token is None:
        raise RefusedError(
            f"--host {address.host} would let every machine that reaches it read and delete memories",
            "no token is asked for",
            "add --token-file FILE (and TLS in front), or leave --host out",
        )
    server = build(settings, project, connections=CONNECTIONS)
    app: ASGIApp = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        transport_security=_security(address),
        host=address.host,
    )
    if token is not None:
        app = Bearer(app, token)
    listener = _listen(address)
    port = listener.getsockname()[1]
    print(f"memory-mcp serves http://{_shown(address.host)}:{port}{PATH}", file=sys.stderr, flush=True)  # noqa: T201
    config = uvicorn.Config(app, loop="memory_mcp.loops:for_uvicorn", log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def read_token(path: Path) -> str:
    """Read the token that clients must send. Raises ConfigurationError or RefusedError; neither shows it."""
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read", type(error).__name__, "name the right --token-file"
        ) from None
    if sys.platform != "win32" and mode & stat.S_IROTH:
        raise RefusedError(f"{path} can be read by every user of this machine", "", f"chmod 640 {path}")
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            f"{path} holds no usable token",
            f"it must be one word of at least {SHORTEST_TOKEN} characters",
            f"make one: (umask 077; openssl rand -hex 32 > {path})"
            if sys.platform != "win32"
            else f'make one: py -c "import secrets; print(secrets.token_hex(32))" > {path}',
        )
    return token


class Bearer:
    """Lets a request through when it brings the token; everything else is answered 401."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._wanted = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. The comparison takes the same time for every wrong token."""
        if scope["type"] == "http":
            brought = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(brought, self._wanted):
                await _unauthorized(send)
                return
        await self._app(scope, receive, send)


async def _unauthorized(send: Send) -> None:
    body = b'{"error": "a valid bearer token is required"}'
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"www-authenticate", b'Bearer realm="memory-mcp"'),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _security(address: Address) -> TransportSecuritySettings:
    """Accept the names of this machine and the public ones, so that no web page reaches it by another."""
    from mcp.server.transport_security import TransportSecuritySettings

    names = ["127.0.0.1", "localhost", "[::1]", *address.names]
    if address.host not in LOCAL and address.host not in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        names.append(_shown(address.host))
    hosts = [host for name in names for host in (name, f"{name}:*")]
    return TransportSecuritySettings(
        allowed_hosts=hosts,
        allowed_origins=[f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts],
    )


def _listen(address: Address) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server((address.host, address.port), family=family, backlog=128)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BusyError(
            f"cannot listen on {address.host}:{address.port}", why, "choose another --port"
        ) from None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
