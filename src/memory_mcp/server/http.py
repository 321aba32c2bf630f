"""The server over streamable HTTP: for this machine only, unless a token and the public name are given."""

from __future__ import annotations

from memory_mcp.config import Settings
from memory_mcp.errors import ConfigurationError
from memory_mcp.server import build

LOCAL = ("127.0.0.1", "::1", "localhost")


def run(settings: Settings, project: str | None, host: str, port: int) -> None:
    """Serve at http://HOST:PORT/mcp until the process is told to stop.

    Raises ConfigurationError for an address that other machines can reach: nobody would have to log in.
    """
    if host not in LOCAL:
        raise ConfigurationError(
            f"--host {host} would let other machines read and delete memories",
            "there is no token",
            "leave --host out, and put a TLS proxy that asks for a login in front",
        )
    server = build(settings, project)
    server.run("streamable-http", host=host, port=port, stateless_http=True, json_response=True)
