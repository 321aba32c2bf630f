"""Changing one table in a TOML file (Codex): only the lines of `[mcp_servers.NAME]` are replaced."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

_HEADER: Final = re.compile(r"^[ \t]*\[{1,2}[^\[\]\n]+\]{1,2}[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class TomlError(ValueError):
    """The file is not TOML, or says the same thing in a form that cannot be changed line by line."""


def get(text: str, name: str) -> Any:
    """Return the table of a server, or None; on Python 3.10, which reads no TOML, the text of its lines."""
    data = _load(text)
    if data is not None:
        servers = data.get("mcp_servers", {})
        return servers.get(name) if isinstance(servers, dict) else None
    start, end = _block(text, name)
    return text[start:end] or None


def put(text: str, name: str, entry: Mapping[str, Any]) -> str:
    """Return the text with the table of a server set; sub-tables of an old one are replaced with it."""
    start, end = _block(text, name)
    block = _table(name, entry)
    if start == end:
        before = text if not text or text.endswith("\n") else text + "\n"
        changed = before + ("\n" if before.strip() else "") + block
    else:
        changed = text[:start] + block + ("\n" if text[end:].strip() else "") + text[end:]
    _check(text, changed, name, dict(entry))
    return changed


def remove(text: str, name: str) -> str:
    """Return the text without the table of a server."""
    start, end = _block(text, name)
    changed = text[:start].rstrip("\n") + "\n" + text[end:] if start < end else text
    _check(text, changed, name, None)
    return changed.lstrip("\n") if start == 0 else changed


def _table(name: str, entry: Mapping[str, Any]) -> str:
    lines = [f"[mcp_servers.{_key(name)}]"]
    # a JSON string or list of strings is also a TOML one, as long as nothing outside of ASCII is escaped
    lines += [f"{_key(key)} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _block(text: str, name: str) -> tuple[int, int]:
    """Find the lines of a server's table and its sub-tables; an empty range at the end when there are none."""
    headers = list(_HEADER.finditer(text))
    ours = re.compile(rf"\s*\[\[?\s*mcp_servers\s*\.\s*(?:{re.escape(name)}|\"{re.escape(name)}\")\s*[.\]]")
    for position, header in enumerate(headers):
        if not ours.match(header.group()):
            continue
        after = position + 1
        while after < len(headers) and ours.match(headers[after].group()):
            after += 1
        return header.start(), headers[after].start() if after < len(headers) else len(text)
    return len(text), len(text)


def _check(before: str, after: str, name: str, entry: dict[str, Any] | None) -> None:
    """Read both texts: only this server's table may differ."""
    old, new = _load(before), _load(after)
    if old is None or new is None:
        return
    servers = old.get("mcp_servers", {})
    if not isinstance(servers, dict):
        raise TomlError("mcp_servers is no table")
    expected = {key: value for key, value in servers.items() if key != name}
    if entry is not None:
        expected[name] = entry
    rest_old = {key: value for key, value in old.items() if key != "mcp_servers"}
    rest_new = {key: value for key, value in new.items() if key != "mcp_servers"}
    if rest_old != rest_new or new.get("mcp_servers", {}) != expected:
        raise TomlError("its form is unusual: it cannot be changed without risk to the rest")


def _load(text: str) -> dict[str, Any] | None:
    """Read TOML; None where Python cannot (before 3.11)."""
    if sys.version_info >= (3, 11):
        import tomllib

        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise TomlError(str(error)) from None
    return None
