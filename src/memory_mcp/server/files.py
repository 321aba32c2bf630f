"""Files that memorize may read: text below the folders that whoever started the server allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Final

from memory_mcp.errors import ConfigurationError, RefusedError

LARGEST_BYTES: Final = 2 * 1024 * 1024
CHUNK_CHARACTERS: Final = 1_500  # about what one embedding can say


@dataclass(frozen=True)
class TextFile:
    """A file's name below its root and its text."""

    name: str
    text: str


def read(path: str, roots: Sequence[Path]) -> TextFile:
    """Read a text file below one of the roots.

    Raises RefusedError for a path outside (also by a symbolic link) or a hidden file, since those hold keys;
    ConfigurationError for what is no text file of at most 2 MB.
    """
    if not roots:
        raise RefusedError(
            "This server reads no files",
            "whoever started it allowed no folder (over HTTP it never does)",
            "put the text into input, or start it with: memory-mcp serve --files FOLDER",
        )
    root, real = _resolve(path, roots)
    name = real.relative_to(root).as_posix()
    if any(part.startswith(".") for part in real.relative_to(root).parts):
        raise RefusedError(
            f"{path} is hidden", "hidden files hold settings and keys", "put the text into input"
        )
    try:
        size = real.stat().st_size
        if size > LARGEST_BYTES:
            raise _unfit(path, f"it has {size:,} bytes, the limit is {LARGEST_BYTES:,}")
        text = real.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _unfit(path, "it is not UTF-8 text") from None
    except OSError as error:
        raise _unfit(path, error.strerror or type(error).__name__) from None
    if "\0" in text:
        raise _unfit(path, "it holds zero bytes, so it is no text")
    return TextFile(name, text)


def chunks(text: str, size: int = CHUNK_CHARACTERS) -> list[str]:
    """Cut a text at empty lines into pieces of at most `size` characters; long paragraphs at spaces."""
    pieces: list[str] = []
    for paragraph in text.split("\n\n"):
        for part in _cut(paragraph.strip(), size):
            if pieces and len(pieces[-1]) + 2 + len(part) <= size:
                pieces[-1] = f"{pieces[-1]}\n\n{part}"
            else:
                pieces.append(part)
    return pieces


def _cut(text: str, size: int) -> list[str]:
    parts = []
    while len(text) > size:
        at = text.rfind(" ", size // 2, size)
        at = size if at < 0 else at
        parts.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [part for part in (*parts, text) if part]


def _resolve(path: str, roots: Sequence[Path]) -> tuple[Path, Path]:
    """Find the root that the file really lies in, after every symbolic link."""
    if PureWindowsPath(path).drive.startswith(("\\\\", "//")):
        # on Windows even a look at \\host\share would log in to that host
        raise RefusedError(f"{path!r} is on another machine", "", "put the text into input")
    for root in roots:
        base = root.resolve()
        try:
            real = (base / path).resolve()
        except (OSError, ValueError, RuntimeError):  # a zero byte, or links that go in circles
            continue
        if real.is_relative_to(base) and real != base:
            return base, real
    allowed = ", ".join(str(root) for root in roots)
    raise RefusedError(
        f"{path!r} is outside of the allowed folders", f"allowed: {allowed}", "put the text into input"
    )


def _unfit(path: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be memorized", why, "put the text into input, or name another file"
    )
