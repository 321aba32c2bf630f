"""Where an embedded server keeps its things. Pure but for the look which majors have data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from memory_mcp.errors import ConfigurationError


@dataclass(frozen=True)
class Cluster:
    """The folder of one major version: data that only servers of this major can read."""

    folder: Path

    @property
    def major(self) -> int:
        """18 for the folder `18`."""
        return int(self.folder.name)

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory. It appears whole: initdb works beside it."""
        return self.folder / "data"

    @property
    def unfinished(self) -> Path:
        """Where initdb works; what is found here later was interrupted."""
        return self.folder / "initdb"

    @property
    def passfile(self) -> Path:
        """The administrator's password, as libpq reads it (PGPASSFILE); mode 0600."""
        return self.folder / "pgpass"

    @property
    def start_log(self) -> Path:
        """What the server says before its own log is open."""
        return self.folder / "start.log"

    @property
    def logs(self) -> Path:
        """The server's own log files."""
        return self.data / "log"


@dataclass(frozen=True)
class Directory:
    """Everything of one embedded server: a folder for each major, and what all of them share."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held while a process starts or stops the server."""
        return self.root / "lock"

    @property
    def port_file(self) -> Path:
        """The port, chosen once: `projects.json` names it."""
        return self.root / "port"

    @property
    def stopped(self) -> Path:
        """There when the user stopped the server: then nothing starts it but the user."""
        return self.root / "stopped"

    def cluster(self, major: int) -> Cluster:
        """The folder of one major version."""
        return Cluster(self.root / str(major))

    def clusters(self) -> list[Cluster]:
        """Those that have data, oldest major first."""
        numbers = (entry.name for entry in self.root.glob("[0-9]*") if entry.name.isdecimal())
        found = [self.cluster(number) for number in sorted(map(int, numbers))]
        return [cluster for cluster in found if (cluster.data / "PG_VERSION").is_file()]


def default(env: Mapping[str, str], platform: str = sys.platform) -> PurePath:
    """The directory when none is named: MEMORY_EMBEDDED_DIRECTORY, else the platform's place for a user's data.

    Raises ConfigurationError when the environment does not say where that is.
    """
    windows = platform == "win32"
    pure = PureWindowsPath if windows else PurePosixPath
    if env.get("MEMORY_EMBEDDED_DIRECTORY"):
        return pure(env["MEMORY_EMBEDDED_DIRECTORY"])
    if windows:
        return pure(_needed(env, "LOCALAPPDATA")) / "memory-mcp" / "postgres"
    if platform == "darwin":
        return pure(_needed(env, "HOME")) / "Library" / "Application Support" / "memory-mcp" / "postgres"
    shared = env.get("XDG_DATA_HOME", "")
    # the XDG specification: a path that is not absolute is to be ignored
    base = pure(shared) if shared.startswith("/") else pure(_needed(env, "HOME")) / ".local" / "share"
    return base / "memory-mcp" / "postgres"


def _needed(env: Mapping[str, str], name: str) -> str:
    value = env.get(name)
    if not value:
        raise ConfigurationError(
            f"{name} is not set", "it says where a user's data belong", "name the folder with --directory"
        )
    return value
