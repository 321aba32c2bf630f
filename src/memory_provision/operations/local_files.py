"""Files on the controller: written when they differ."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path

from pyinfra.api.command import FunctionCommand
from pyinfra.api.operation import operation
from pyinfra.context import host


@operation()
def local_files(folder: str, files: Mapping[str, bytes]) -> Generator[FunctionCommand, None, None]:
    """Make a folder of the controller hold these files; others in it stay.

    + folder: absolute, or below the current folder
    + files: name → content
    """
    room = Path(folder)
    changed = [name for name, content in files.items() if not _same(room / name, content)]
    if not changed:
        host.noop(f"{room}: nothing to change")
    for name in changed:
        if not host.state.is_executing:
            host.log(f"  would be: {room / name} written")
        yield FunctionCommand(_write, (room / name, files[name]), {})


def _same(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _write(path: Path, content: bytes) -> None:
    """Beside, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)
    host.log(f"  {path} written")
