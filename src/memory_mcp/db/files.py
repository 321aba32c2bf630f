"""Where the SQL files are: `migrations/` of the checkout, or of the installed package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import memory_mcp
from memory_mcp.db.migration import Migration, parse
from memory_mcp.errors import ConfigurationError

SEED = Path("seeds") / "01_test_data.sql"


@dataclass(frozen=True)
class Files:
    """A migrations folder: the migrations in order of their versions, and which of them can be undone."""

    folder: Path
    migrations: tuple[Migration, ...]

    def rollback(self, migration: Migration) -> Migration:
        """What undoes `migration`. Raises ConfigurationError when there is no such file."""
        path = self.folder / "rollback" / migration.file_name
        if not path.is_file():
            raise ConfigurationError(
                f"{migration.label} cannot be rolled back",
                f"{path} does not exist",
                "write it, or restore a backup",
            )
        return parse(path.name, path.read_bytes())

    def find(self, version: int) -> Migration | None:
        """The migration with this version."""
        return next((each for each in self.migrations if each.version == version), None)


def folder() -> Path:
    """The folder of the SQL files: inside the installed package, else at the root of the checkout."""
    package = Path(memory_mcp.__file__).parent
    for place in (package / "migrations", package.parents[1] / "migrations"):
        if place.is_dir():
            return place
    raise ConfigurationError(
        "the migrations folder is missing",
        f"neither {package} nor its checkout has one",
        "install memory-mcp again",
    )


def load(place: Path | None = None) -> Files:
    """Every migration of the folder, in order. Raises ConfigurationError for names and versions that clash."""
    place = place or folder()
    if not place.is_dir():
        raise ConfigurationError(f"{place} is not a folder", "", "name the folder that holds the migrations")
    found: dict[int, Migration] = {}
    for path in sorted(place.glob("[!.]*.sql")):
        migration = parse(path.name, path.read_bytes())
        twin = found.setdefault(migration.version, migration)
        if twin is not migration:
            raise ConfigurationError(
                f"{twin.file_name} and {migration.file_name} have the same version",
                "their order would be a matter of chance",
                "give the newer one a later version: memory-mcp db new NAME makes one",
            )
    return Files(place, tuple(found[version] for version in sorted(found)))
