"""The application role's password: found where it is kept on this host, or made here. It never leaves."""

from __future__ import annotations

import json
import secrets
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from memory_provision.remote.base import Trouble, read_text


class Place(NamedTuple):
    """One connection: where the database is and as whom."""

    host: str
    port: int
    database: str
    role: str

    def url(self, password: str) -> str:
        """A URL that libpq and node-postgres read alike: everything that is not plain is percent-encoded."""
        user, word, name = (quote(part, safe="") for part in (self.role, password, self.database))
        return f"postgresql://{user}:{word}@{self.host}:{self.port}/{name}"

    def line(self, password: str) -> str:
        """Its line in a password file (libpq's pgpass; `:` and `\\` are escaped)."""
        parts = (self.host, str(self.port), self.database, self.role, password)
        return ":".join(part.replace("\\", "\\\\").replace(":", "\\:") for part in parts)


def place(request: dict[str, Any]) -> Place:
    """The place that a request speaks of."""
    return Place(request["host"], request["port"], request["database"], request["role"])


def find(request: dict[str, Any]) -> str | None:
    """The password: given by the operator, else kept in projects.json, else in the password file."""
    if request.get("password"):
        return str(request["password"])
    return _from_projects(request) or _from_passfile(request)


def make() -> str:
    """A new one: 192 bits, letters and digits and `-_` only, so that it survives every config format."""
    return secrets.token_urlsafe(24)


def registry(request: dict[str, Any]) -> dict[str, Any]:
    """projects.json as it is; Trouble when it is not JSON, because then nothing in it can be kept."""
    text = read_text(request["projects_file"])
    if text is None or not text.strip():
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Trouble(
            f"{request['projects_file']} is not JSON (line {getattr(error, 'lineno', '?')})",
            "other projects in it could be lost if it were written anew",
            "correct it, or move it away, and run again",
        ) from None
    if not isinstance(value, dict):
        raise Trouble(f"{request['projects_file']} is not a JSON object", "", "correct it, or move it away")
    return value


def _from_projects(request: dict[str, Any]) -> str | None:
    entry = registry(request).get(request["project"])
    url = entry.get("databaseUrl") if isinstance(entry, dict) else None
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        if not parts.password or unquote(parts.username or "") != request["role"]:
            return None
        same = parts.hostname in ("localhost", "127.0.0.1", "::1") and (parts.port or 5432) == request["port"]
    except ValueError:
        return None
    return unquote(parts.password) if same and unquote(parts.path[1:]) == request["database"] else None


def _from_passfile(request: dict[str, Any]) -> str | None:
    key = place(request).line("")
    for line in (read_text(request["passfile"]) or "").splitlines():
        if line.startswith(key):
            return line[len(key) :].replace("\\:", ":").replace("\\\\", "\\")
    return None


def passfile_text(request: dict[str, Any], password: str) -> str:
    """The password file with our line first and every other line kept."""
    ours = place(request).line("")
    old = [line for line in (read_text(request["passfile"]) or "").splitlines() if not line.startswith(ours)]
    return "\n".join([place(request).line(password), *old]) + "\n"
