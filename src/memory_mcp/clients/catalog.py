"""The MCP clients that can be told about the server: where each keeps its list, and in which form."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from memory_mcp.errors import ConfigurationError

Form = Literal["json", "toml"]
TOKEN_VARIABLE: Final = "MEMORY_MCP_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class Launch:
    """How a client starts the server itself (command and arguments), or where it runs already (url)."""

    command: str = ""
    args: tuple[str, ...] = ()
    url: str = ""

    def plain(self) -> dict[str, Any]:
        """The form that most clients share."""
        return {"command": self.command, "args": list(self.args)}


@dataclass(frozen=True)
class Client:
    """One client. `user` and `project` give its file below the home or project folder; None: it has none."""

    name: str
    title: str
    key: str
    entry: Callable[[Launch], dict[str, Any]]
    user: Callable[[Path], Path] | None = None
    project: Callable[[Path], Path] | None = None
    form: Form = "json"
    # what the client must be told to ask its user for, once: an item of its array "inputs"
    asks: Callable[[Launch], dict[str, Any] | None] = lambda _: None


def _bearer(variable: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {variable}"}


def _typed(launch: Launch) -> dict[str, Any]:
    if launch.url:
        return {"type": "http", "url": launch.url, "headers": _bearer(f"${{{TOKEN_VARIABLE}}}")}
    return {"type": "stdio", **launch.plain()}


def _vscode(launch: Launch) -> dict[str, Any]:
    if launch.url:
        return {"type": "http", "url": launch.url, "headers": _bearer(f"${{input:{TOKEN_VARIABLE}}}")}
    return {"type": "stdio", **launch.plain()}


def _vscode_asks(launch: Launch) -> dict[str, Any] | None:
    """VS Code asks for secrets itself and keeps them in the system's key store."""
    if not launch.url:
        return None
    prompt = "Token of the Memory MCP server"
    return {"type": "promptString", "id": TOKEN_VARIABLE, "description": prompt, "password": True}


def _cursor(launch: Launch) -> dict[str, Any]:
    if launch.url:
        return {"url": launch.url, "headers": _bearer(f"${{env:{TOKEN_VARIABLE}}}")}
    return launch.plain()


def _gemini(launch: Launch) -> dict[str, Any]:
    if launch.url:
        return {"httpUrl": launch.url, "headers": _bearer(f"${TOKEN_VARIABLE}")}
    return launch.plain()


def _codex(launch: Launch) -> dict[str, Any]:
    if launch.url:
        return {"url": launch.url, "bearer_token_env_var": TOKEN_VARIABLE}
    return {**launch.plain(), "startup_timeout_sec": 30}


def _desktop(launch: Launch) -> dict[str, Any]:
    if launch.url:
        raise ConfigurationError(
            "Claude Desktop starts its servers itself",
            "its configuration file knows no URLs",
            "leave --url out, or add the URL in its settings under Connectors",
        )
    return launch.plain()


def _desktop_file(home: Path) -> Path:
    folder = {
        "darwin": home / "Library" / "Application Support" / "Claude",
        "win32": home / "AppData" / "Roaming" / "Claude",
    }.get(sys.platform, home / ".config" / "Claude")
    return folder / "claude_desktop_config.json"


_ALL: Final = (
    Client("claude-desktop", "Claude Desktop", "mcpServers", _desktop, user=_desktop_file),
    Client("claude-code", "Claude Code", "mcpServers", _typed, project=lambda folder: folder / ".mcp.json"),
    Client(
        "cursor",
        "Cursor",
        "mcpServers",
        _cursor,
        user=lambda home: home / ".cursor" / "mcp.json",
        project=lambda folder: folder / ".cursor" / "mcp.json",
    ),
    Client(
        "vscode",
        "Visual Studio Code",
        "servers",
        _vscode,
        project=lambda folder: folder / ".vscode" / "mcp.json",
        asks=_vscode_asks,
    ),
    Client(
        "codex",
        "Codex",
        "mcp_servers",
        _codex,
        user=lambda home: home / ".codex" / "config.toml",
        form="toml",
    ),
    Client(
        "gemini",
        "Gemini CLI",
        "mcpServers",
        _gemini,
        user=lambda home: home / ".gemini" / "settings.json",
        project=lambda folder: folder / ".gemini" / "settings.json",
    ),
)
CLIENTS: Final[Mapping[str, Client]] = {client.name: client for client in _ALL}
