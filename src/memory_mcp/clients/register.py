"""Writing the server into a client's configuration file: once, with a backup, and nothing else touched."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from memory_mcp.clients import json_edit, jsonc, toml_edit
from memory_mcp.clients.catalog import TOKEN_VARIABLE, Client, Launch
from memory_mcp.errors import ConfigurationError, RefusedError

Scope = Literal["user", "project"]
Outcome = Literal["unchanged", "added", "updated", "removed", "absent"]

_OURS: Final = re.compile(
    rf'"?command"?\s*[:=]\s*"(?:[^"]*[/\\])?memory-mcp(?:\.exe)?"|memory_mcp\.cli|{TOKEN_VARIABLE}'
)


@dataclass(frozen=True)
class Change:
    """What was done, or would be done, to one file; `backup` is the old file after a real change."""

    client: str
    path: Path
    outcome: Outcome
    diff: str = ""
    backup: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "client": self.client,
            "path": str(self.path),
            "outcome": self.outcome,
            "backup": str(self.backup) if self.backup else None,
        }


def path_of(client: Client, home: Path, folder: Path, scope: Scope | None = None) -> Path:
    """Give the client's file: the user's when it has one, else the project's. Raises ConfigurationError."""
    if client.user and scope != "project":
        return client.user(home)
    if client.project and scope != "user":
        return client.project(folder)
    raise ConfigurationError(
        f"{client.title} has no configuration file for the scope {scope}", "", "leave --scope out"
    )


def registered(client: Client, path: Path, name: str) -> Any:
    """Return what the file says about a server, or None. Raises ConfigurationError when it is broken."""
    text = _read(path)
    return _understood(path, lambda: _get(client, text, name))


def register(  # noqa: PLR0913 - each is one decision of the caller
    client: Client, path: Path, name: str, launch: Launch, *, force: bool = False, dry_run: bool = False
) -> Change:
    """Make the file start (or reach) the server under this name.

    Raises RefusedError when the name belongs to another server, unless `force`; ConfigurationError for a file
    that cannot be read as what it must be.
    """
    text = _read(path)
    entry = client.entry(launch)
    old = _understood(path, lambda: _get(client, text, name))
    if old == entry:
        return Change(client.name, path, "unchanged")
    if old is not None and not force and not is_ours(old):
        raise RefusedError(
            f"{path} has another server named {name!r}",
            "replacing it would take it away from its user",
            "choose another name with --name, or replace it with --force",
        )
    if client.form == "toml":
        changed = _understood(path, lambda: toml_edit.put(text, name, entry))
    else:
        changed = _understood(path, lambda: _with_question(client, launch, text, name))
    return _apply(Change(client.name, path, "added" if old is None else "updated"), text, changed, dry_run)


def _with_question(client: Client, launch: Launch, text: str, name: str) -> str:
    """Put the entry into JSON, and what the client must ask for when it does not ask for that yet."""
    changed = json_edit.put(text, [client.key, name], client.entry(launch))
    question = client.asks(launch)
    if question is None:
        return changed
    asked = jsonc.parse(changed).get("inputs", [])
    if any(isinstance(one, dict) and one.get("id") == question["id"] for one in asked):
        return changed
    return json_edit.append(changed, "inputs", question)


def unregister(client: Client, path: Path, name: str, *, dry_run: bool = False) -> Change:
    """Take our server out of the file; another server of that name stays. Raises ConfigurationError."""
    text = _read(path)
    old = _understood(path, lambda: _get(client, text, name))
    if old is None or not is_ours(old):
        return Change(client.name, path, "absent")
    if client.form == "toml":
        changed = _understood(path, lambda: toml_edit.remove(text, name))
    else:
        changed = _understood(path, lambda: json_edit.remove(text, [client.key, name]))
    return _apply(Change(client.name, path, "removed"), text, changed, dry_run)


def is_ours(entry: Any) -> bool:
    """Tell whether an entry runs this program, or reaches a server with our token variable.

    A folder of that name is not enough: other memory servers live in one, too. `entry` is text where Python
    cannot read TOML.
    """
    text = entry if isinstance(entry, str) else json.dumps(entry)
    return bool(_OURS.search(text))


def _apply(change: Change, before: str, after: str, dry_run: bool) -> Change:
    diff = "".join(
        difflib.unified_diff(
            before.splitlines(True), after.splitlines(True), str(change.path), str(change.path)
        )
    )
    backup = None if dry_run else _write(change.path, after)
    return Change(change.client, change.path, change.outcome, diff, backup)


def _get(client: Client, text: str, name: str) -> Any:
    if client.form == "toml":
        return toml_edit.get(text, name)
    if not text.strip("\ufeff \t\r\n"):
        return None
    data = jsonc.parse(text)
    servers = data.get(client.key) if isinstance(data, dict) else None
    return servers.get(name) if isinstance(servers, dict) else None


def _understood(path: Path, read: Callable[[], Any]) -> Any:
    """Run something that reads the file's text, and name the file when the text makes no sense."""
    try:
        return read()
    except (jsonc.JsonError, toml_edit.TomlError) as error:
        raise ConfigurationError(
            f"{path} cannot be changed", str(error), "correct the file, or add the server by hand"
        ) from None


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")  # bytes: line ends stay as they are
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read", type(error).__name__, "look at the file") from None


def _write(path: Path, text: str) -> Path | None:
    """Replace a file in one step, through links, keeping mode and owner; return the old one's backup."""
    real = path.resolve()
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        backup = None
        if real.exists():
            backup = real.with_name(f"{real.name}.{datetime.now():%Y%m%d-%H%M%S-%f}.bak")
            shutil.copy2(real, backup)
        handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
        fresh = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
            if backup:
                shutil.copymode(backup, fresh)
                if hasattr(os, "chown"):  # root may work on a user's file
                    os.chown(fresh, real.stat().st_uid, real.stat().st_gid)
            fresh.replace(real)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigurationError(
            f"{path} cannot be written", why, "run it as the user whose file it is"
        ) from None
    return backup
