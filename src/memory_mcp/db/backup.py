"""Backups: pg_dump's custom format, complete or not there at all, readable only by their owner."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import pgtools
from memory_mcp.db.connect import connect
from memory_mcp.db.pgtools import Progress
from memory_mcp.errors import ConfigurationError, MemoryMcpError


@dataclass(frozen=True)
class Backup:
    """A finished backup; `seconds` is how long it took."""

    path: Path
    size: int  # bytes
    seconds: float


def backup(target: DatabaseTarget, path: Path | None = None, progress: Progress | None = None) -> Backup:
    """Dumps the whole database to `path`; without one, to a new file in `default_folder()`.

    Beside it goes `path`.sha256, as sha256sum writes it: the format has no checksum of its own.

    The file appears under its name only when it is complete and pg_restore can read it. Raises
    ConfigurationError when the file exists or no fitting pg_dump is installed.
    """
    start = time.monotonic()
    with connect(target, "reading the server's version") as connection:
        major = connection.info.server_version // 10_000
    path = (path or _default_path(target)).expanduser().absolute()
    if path.exists():
        raise ConfigurationError(f"{path} exists", "a backup never overwrites another one", "name another file")
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            program = pgtools.find("pg_dump", major)
            pgtools.run([program, "--format=custom"], target, file, progress)
            os.fsync(file.fileno())
        contents(partial, major)
        _write_checksum(partial, path)
        partial.rename(path)
    except OSError as error:
        raise MemoryMcpError(f"{path} cannot be written", str(error.strerror), "name another file") from None
    finally:
        partial.unlink(missing_ok=True)
    return Backup(path, path.stat().st_size, time.monotonic() - start)


def contents(path: Path, major: int) -> list[str]:
    """The entries of a backup, as pg_restore lists them. Raises MemoryMcpError when it is damaged."""
    note = _checksum_of(path)
    if note.is_file() and note.read_text(encoding="utf-8").split()[:1] != [_sha256(path)]:
        raise MemoryMcpError(
            f"{path} is damaged", f"it is not the file that {note.name} was written for", "use another backup"
        )
    listing = pgtools.check([pgtools.find("pg_restore", major), "--list", path])
    entries = [line for line in listing.splitlines() if line and not line.startswith(";")]
    if not entries:
        raise MemoryMcpError(
            f"{path} holds nothing", "the dump is empty", "look at the database: memory-mcp db status"
        )
    return entries


def _checksum_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _write_checksum(content: Path, path: Path) -> None:
    note = _checksum_of(path)
    note.touch(mode=0o600)
    note.write_text(f"{_sha256(content)}  {path.name}\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def default_folder() -> Path:
    """Where backups go: /var/backups/memory-mcp for root, else the user's state folder; mode 0700."""
    if sys.platform == "win32":  # modes mean nothing there; a user's own folders are closed to other users
        local = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        folder = Path(local) / "memory-mcp" / "backups"
    elif os.geteuid() == 0:
        folder = Path("/var/backups/memory-mcp")
    else:
        folder = (
            Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
            / "memory-mcp"
            / "backups"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _default_path(target: DatabaseTarget) -> Path:
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    return default_folder() / f"{target.parsed.database}-{stamp}.dump"
