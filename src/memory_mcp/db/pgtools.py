"""PostgreSQL's own programs (pg_dump, pg_restore): finding those that fit the server, running them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from memory_mcp import urls
from memory_mcp.config import DatabaseTarget
from memory_mcp.db.connect import conninfo
from memory_mcp.embedded import programs
from memory_mcp.errors import ConfigurationError, MemoryMcpError

Progress = Callable[[str], None]
# with --verbose: what takes long, and everything else that is no error
_STEP = re.compile(
    r"\w+: ((?:dumping contents of table|processing data for table|creating (?:INDEX|CONSTRAINT)) .+)"
)
_CHATTER = re.compile(r"\w+: (?!error:|warning:|detail:|hint:|from TOC entry)")

# Where packages put them; on Debian the program on the PATH is a wrapper that guesses a version.
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql[0-9]*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/libpq/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/Library/PostgreSQL/*/bin",
    "C:/Program Files/PostgreSQL/*/bin",
)


def find(program: str, major: int) -> Path:
    """The program of version `major`, else the next newer one: an old pg_dump cannot read a new server.

    Raises ConfigurationError that says what to install.
    """
    suitable: dict[int, Path] = {}
    for folder in _folders():
        # not shutil.which: on Windows it looks into the current folder first
        path = folder / (f"{program}.exe" if sys.platform == "win32" else program)
        version = _version(path) if os.access(path, os.X_OK) else 0
        if version >= major:
            suitable.setdefault(version, path)
    if not suitable:
        raise ConfigurationError(
            f"{program} of PostgreSQL {major} or newer was not found",
            "a backup needs the client programs of the server's version",
            f"install postgresql-client-{major} (EL: postgresql{major}; macOS: postgresql@{major}; "
            "Windows: the Command Line Tools of EnterpriseDB's installer), "
            "or name their folder in MEMORY_PG_BIN",
        )
    return suitable[min(suitable)]


def run(
    command: list[str | Path],
    target: DatabaseTarget,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    progress: Progress | None = None,
) -> None:
    """Runs a program against `target`. Raises MemoryMcpError with what it wrote when it fails.

    `progress` is told what it does now: a table, an index.

    The command line carries the URL without its password; the password is in a file that only this user's
    child can open.
    """
    url = replace(target.parsed, password="")
    public = conninfo(replace(target, url=url.text))
    with _passfile(target.parsed.password) as (variables, descriptors):
        process = subprocess.Popen(
            [*command, "--no-password", *(["--verbose"] if progress else []), f"--dbname={public}"],
            env={**os.environ, "LC_ALL": "C", **variables},
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
        said = _listen(process, progress)
    if process.returncode:
        text = urls.redact("\n".join(said), target.parsed.password)
        raise MemoryMcpError(
            f"{Path(command[0]).name} failed: {text.splitlines()[0] if text else 'it gave no reason'}",
            "\n".join(text.splitlines()[1:4]),
        )


def _listen(process: subprocess.Popen[bytes], progress: Progress | None) -> list[str]:
    """Everything that a program says, but its steps, until it has ended; it ends with us."""
    said = []
    with process:
        try:
            for raw in process.stderr or ():
                line = raw.decode(errors="replace").strip()
                step = _STEP.match(line)
                if progress and step:
                    progress(step[1])
                elif line and not (progress and _CHATTER.match(line)):
                    said.append(line)
        except BaseException:
            process.kill()
            raise
    return said


@contextmanager
def _passfile(password: str) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """PGPASSFILE for a child: on Linux a file in memory without a name, elsewhere one in a private folder."""
    line = "*:*:*:*:" + re.sub(r"([\\:])", r"\\\1", password) + "\n"
    if sys.platform == "linux":
        descriptor = os.memfd_create("pgpass")
        try:
            os.fchmod(descriptor, 0o600)  # libpq ignores a file that others may read
            os.write(descriptor, line.encode())
            yield {"PGPASSFILE": f"/proc/self/fd/{descriptor}"}, (descriptor,)
        finally:
            os.close(descriptor)
        return
    with tempfile.TemporaryDirectory(dir=Path.home(), prefix=".memory-mcp-") as folder:
        path = Path(folder) / "pgpass"
        path.touch(mode=0o600)
        path.write_text(line, encoding="utf-8", newline="\n")
        yield {"PGPASSFILE": str(path)}, ()


def _folders() -> Iterator[Path]:
    named = os.environ.get("MEMORY_PG_BIN")
    if named:
        yield Path(named)
    for place in PLACES:
        anchor = Path(Path(place).anchor)
        if anchor.exists():
            yield from sorted(anchor.glob(str(Path(place).relative_to(anchor))))
    yield from (Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder)
    embedded = programs.wheel_folder()
    if embedded:
        yield embedded


def _version(path: str | Path) -> int:
    """The program's major version, 0 when it does not run."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r"\) (\d+)", done.stdout)
    return int(match[1]) if match else 0


def check(command: list[str | Path]) -> str:
    """Output of a program that needs no database. Raises MemoryMcpError when it fails."""
    done: subprocess.CompletedProcess[Any] = subprocess.run(
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MemoryMcpError(f"{Path(command[0]).name} failed: {done.stderr.strip()[:300]}")
    return str(done.stdout)
