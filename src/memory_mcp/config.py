"""Where the settings come from: the environment, a .env file, and the project registry (`projects.json`).

The real environment wins over the .env file, so one variable can be changed for one command. Secrets never
appear in `repr`, and no error repeats a value of a secret.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from memory_mcp import dotenv, urls
from memory_mcp.embedded import directory
from memory_mcp.errors import ConfigurationError

EmbeddingProvider = Literal["auto", "openai", "local", "hashed"]

DEFAULT_PROJECT = "local"
DEFAULT_MODEL = "text-embedding-3-small"
_SYSTEM_ENV_FILE = Path("/etc/memory-mcp/.env")
# pgvector's own limit for a vector column
_MAX_DIMENSIONS = 16_000


@dataclass(frozen=True)
class DatabaseTarget:
    """One database to talk to. `url` holds the password; everything that is printed uses `str(target)`."""

    project: str
    url: str = field(repr=False)
    source: str
    embedded: Path | None = None
    """Where this user's embedded server would be; `embedded.autostart` finds out if it is behind the URL."""

    @property
    def parsed(self) -> urls.DatabaseUrl:
        """The URL in parts."""
        return urls.parse(self.url)

    def __str__(self) -> str:
        return f"{self.parsed} (project {self.project}, from {self.source})"


@dataclass(frozen=True)
class Settings:
    """Everything that the server and the command can be told; built by `load`."""

    env_file: Path | None
    registry: Path
    active_project: str
    database_url: str | None = field(default=None, repr=False)
    openai_api_key: str | None = field(default=None, repr=False)
    openai_base_url: str | None = None
    embedding_provider: EmbeddingProvider = "auto"
    embedding_model: str = DEFAULT_MODEL
    embedding_dimensions: int | None = None
    default_index: str = "memory"
    embedded_directory: Path | None = None
    unreadable: tuple[Path, ...] = ()

    def database(self, project: str | None = None, database_url: str | None = None) -> DatabaseTarget:
        """The database to use: an explicit URL, an explicit project, DATABASE_URL, or the active project.

        Raises ConfigurationError when there is none, or the registry cannot be used.
        """
        name = project or self.active_project
        if database_url:
            return self._target(name, database_url, "--database-url")
        if self.database_url and not project:
            return self._target(name, self.database_url, "DATABASE_URL")
        return self._target(name, self._registered(name), str(self.registry))

    def projects(self) -> dict[str, str]:
        """Every project of the registry with its URL (which holds a password)."""
        try:
            content = json.loads(_read(self.registry))
        except json.JSONDecodeError as error:
            raise ConfigurationError(
                f"{self.registry} is not JSON",
                f"line {error.lineno}, column {error.colno}: {error.msg}",
                _REGISTRY_FIX,
            ) from None
        if not isinstance(content, dict):
            raise ConfigurationError(f"{self.registry} does not hold a JSON object", "", _REGISTRY_FIX)
        found = {}
        for name, entry in content.items():
            url = entry.get("databaseUrl") if isinstance(entry, dict) else None
            if not isinstance(url, str):
                raise ConfigurationError(
                    f"{self.registry}: project {name!r} has no databaseUrl", "", _REGISTRY_FIX
                )
            found[name] = url
        return found

    def _registered(self, name: str) -> str:
        try:
            self.registry.stat()
        except PermissionError:
            raise _forbidden(self.registry) from None
        except OSError:
            raise self._nothing_configured(name) from None
        projects = self.projects()
        if name not in projects:
            near = difflib.get_close_matches(name, projects, n=1)
            raise ConfigurationError(
                f"project {name!r} is not in {self.registry}",
                f"it holds: {', '.join(sorted(projects)) or 'no project'}",
                f"did you mean --project {near[0]}?"
                if near
                else "choose one with --project or MEMORY_ACTIVE_PROJECT",
            )
        return projects[name]

    def _target(self, project: str, url: str, source: str) -> DatabaseTarget:
        try:
            return DatabaseTarget(project, urls.parse(url).text, source, self.embedded_directory)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error.seen} (from {source})", error.why, error.fix) from None

    def _nothing_configured(self, name: str) -> ConfigurationError:
        if self.unreadable:
            return _forbidden(self.unreadable[0])
        if self.database_url:  # it is left aside when a project is named
            return ConfigurationError(
                f"project {name!r} is not known", f"{self.registry} does not exist", "leave out --project"
            )
        return ConfigurationError(
            "no database is configured",
            f"DATABASE_URL is not set, and {self.registry} does not exist"
            + (f" (named by {self.env_file})" if self.env_file else "; no .env file was found either"),
            "run the deploy, set DATABASE_URL, or name the .env file with --env-file",
        )


_REGISTRY_FIX = 'write it as {"local": {"databaseUrl": "postgresql://USER:PASSWORD@HOST:5432/DATABASE"}}'


def load(env: Mapping[str, str], env_file: Path | None = None) -> Settings:
    """Settings from `env` (usually os.environ) and the .env file that `find_env_file` finds.

    Raises ConfigurationError for values that cannot be used.
    """
    chosen, text, unreadable = _env_file(env, env_file)
    values = dotenv.parse(text, str(chosen)) if chosen else {}
    values.update({key: value for key, value in env.items() if value})
    if values.get("MEMORY_BACKEND", "postgres") != "postgres":
        raise ConfigurationError(
            "MEMORY_BACKEND is not postgres", "no other backend exists here", "remove the line"
        )
    folder = chosen.absolute().parent if chosen else Path.cwd()
    registry = Path(values.get("MEMORY_POSTGRES_PROJECT_REGISTRY", "config/projects.json")).expanduser()
    return Settings(
        env_file=chosen,
        registry=Path(os.path.normpath(folder / registry)),
        active_project=values.get("MEMORY_ACTIVE_PROJECT", DEFAULT_PROJECT),
        database_url=values.get("DATABASE_URL"),
        openai_api_key=values.get("OPENAI_API_KEY"),
        openai_base_url=values.get("OPENAI_BASE_URL") or values.get("OPENAI_API_BASE"),
        embedding_provider=_provider(values.get("MEMORY_EMBEDDING_PROVIDER", "auto")),
        embedding_model=values.get("MEMORY_EMBEDDING_MODEL", DEFAULT_MODEL),
        embedding_dimensions=_dimensions(values.get("MEMORY_EMBEDDING_DIMENSIONS")),
        default_index=values.get("MEMORY_DEFAULT_INDEX", "memory"),
        embedded_directory=_embedded_directory(values),
        unreadable=unreadable,
    )


def env_file_places(env: Mapping[str, str]) -> list[Path]:
    """Where a .env file is looked for when none is named, first match wins."""
    if sys.platform == "win32":
        folders = [env.get("APPDATA", ""), env.get("PROGRAMDATA", "")]
        return [Path(".env"), *(Path(folder) / "memory-mcp" / ".env" for folder in folders if folder)]
    home = env.get("XDG_CONFIG_HOME") or (f"{env['HOME']}/.config" if env.get("HOME") else "")
    return [Path(".env"), *([Path(home) / "memory-mcp" / ".env"] if home else []), _SYSTEM_ENV_FILE]


def _env_file(env: Mapping[str, str], named: Path | None) -> tuple[Path | None, str, tuple[Path, ...]]:
    """The .env file to use, its text, and those that would have been used if they could be read."""
    explicit = named or (Path(env["MEMORY_ENV_FILE"]).expanduser() if env.get("MEMORY_ENV_FILE") else None)
    if explicit:
        return explicit, _read(explicit), ()
    unreadable = []
    for place in env_file_places(env):
        try:
            text = place.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except PermissionError:
            unreadable.append(place)
            continue
        # somebody else's project has a .env of its own
        if place != Path(".env") or "MEMORY_" in text:
            return place, text, tuple(unreadable)
    return None, "", tuple(unreadable)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} does not exist", "", "name the right file, or run the deploy"
        ) from None
    except PermissionError:
        raise _forbidden(path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read", type(error).__name__, "name a text file") from None


def _forbidden(path: Path) -> ConfigurationError:
    """Says which group may read the file, as far as this user may know."""
    if sys.platform == "win32":
        return ConfigurationError(
            f"{path} cannot be read by this user",
            "only administrators and the user it was made for may read it, because it leads to a password",
            "run it as that user, or in a PowerShell that was started with 'Run as administrator'",
        )
    nearest = path
    while not _visible(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    group = _group(nearest)
    return ConfigurationError(
        f"{path} cannot be read by this user",
        f"only root and the group {group} may read it, because it leads to a password" if group else "",
        f"run it with sudo, or join the group: sudo usermod -aG {group} $USER" if group else "run it with sudo",
    )


def _visible(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False
    return True


def _group(path: Path) -> str:
    try:
        return path.group()
    except (OSError, KeyError, NotImplementedError):
        return ""


def _embedded_directory(values: Mapping[str, str]) -> Path | None:
    """Where this user's embedded server would be; None when the environment does not say where data belong."""
    try:
        return Path(directory.default(values)).expanduser()
    except ConfigurationError:
        return None


def _provider(value: str) -> EmbeddingProvider:
    for choice in get_args(EmbeddingProvider):
        if value == choice:
            return choice  # type: ignore[no-any-return]
    raise ConfigurationError(
        f"MEMORY_EMBEDDING_PROVIDER is {value!r}", "", f"use one of {', '.join(get_args(EmbeddingProvider))}"
    )


def _dimensions(value: str | None) -> int | None:
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or not 0 < int(value) <= _MAX_DIMENSIONS:
        raise ConfigurationError(
            f"MEMORY_EMBEDDING_DIMENSIONS is {value!r}",
            f"it is a number from 1 to {_MAX_DIMENSIONS}",
            "use your model's own, such as 1536",
        )
    return int(value)
