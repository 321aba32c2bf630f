"""How the smoke test hands settings to the server: by the same .env file, or a pipe that looks like one."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from memory_mcp import dotenv
from memory_mcp.config import Settings

PREFIXES: Final = ("MEMORY_", "OPENAI_")
NAMES: Final = ("DATABASE_URL",)


def overridden(env: Mapping[str, str]) -> bool:
    """Tell whether the environment holds settings, which a server started by a client would not inherit."""
    return any(
        value and (name in NAMES or (name.startswith(PREFIXES) and name != "MEMORY_ENV_FILE"))
        for name, value in env.items()
    )


@dataclass(frozen=True)
class Handover:
    """What the server's process is started with: arguments, file descriptors to inherit, extra environment."""

    arguments: tuple[str, ...] = ()
    descriptors: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


@contextmanager
def handed_over(settings: Settings, env: Mapping[str, str]) -> Iterator[Handover]:
    """Say how to start the server so that it has these settings.

    Settings of the environment go through a pipe: they are in no argument, no environment that others can read,
    and no file that a killed run would leave behind. Windows has no such pipes; there the environment of a
    process is closed to other users.
    """
    if not overridden(env):
        file = settings.env_file
        yield Handover(("--env-file", str(file.absolute())) if file else ())
    elif os.name == "nt":
        yield Handover(environment=values(settings))
    else:
        reading, writing = os.pipe()
        try:
            with os.fdopen(writing, "w", encoding="utf-8") as pipe:
                pipe.write(
                    "".join(f"{name}={dotenv.quote(value)}\n" for name, value in values(settings).items())
                )
            yield Handover(("--env-file", f"/dev/fd/{reading}"), (reading,))
        finally:
            os.close(reading)


def values(settings: Settings) -> dict[str, str]:
    """Give settings as the variables that say the same."""
    known = {
        "MEMORY_POSTGRES_PROJECT_REGISTRY": settings.registry,
        "MEMORY_ACTIVE_PROJECT": settings.active_project,
        "DATABASE_URL": settings.database_url,
        "OPENAI_API_KEY": settings.openai_api_key,
        "OPENAI_BASE_URL": settings.openai_base_url,
        "MEMORY_EMBEDDING_PROVIDER": settings.embedding_provider,
        "MEMORY_EMBEDDING_MODEL": settings.embedding_model,
        "MEMORY_EMBEDDING_DIMENSIONS": settings.embedding_dimensions,
        "MEMORY_DEFAULT_INDEX": settings.default_index,
    }
    return {name: str(value) for name, value in known.items() if value}


def words(command: str, windows: bool = os.name == "nt") -> list[str]:
    """Split a command line; on Windows a backslash is part of a path."""
    if not windows:
        return shlex.split(command)
    return [word.strip('"') for word in shlex.split(command, posix=False)]


def own_server() -> list[str]:
    """The command of this same installation."""
    script = Path(sys.executable).with_name("memory-mcp.exe" if os.name == "nt" else "memory-mcp")
    if script.exists():
        return [str(script), "serve"]
    return [sys.executable, "-c", "from memory_mcp.cli import main; main()", "serve"]
