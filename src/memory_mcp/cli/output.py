"""How the command speaks: results on stdout, errors as three lines on stderr, or JSON."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import click

from memory_mcp.errors import MemoryMcpError
from memory_mcp.urls import redact

_JSON = "memory_mcp.json"
F = TypeVar("F", bound=Callable[..., Any])


def speak_utf8() -> None:
    """Read and write UTF-8 where a stream is no console: Windows would use a code page that lacks ✓ and JSON's
    letters. What a console shows is click's business.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def json_option(function: F) -> F:
    """Adds `--json`; the command asks `wants_json()` and prints with `emit`."""

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta[_JSON] = value

    return click.option(
        "--json", "as_json", is_flag=True, expose_value=False, callback=remember, help="Print one JSON object."
    )(function)


def wants_json() -> bool:
    """Whether the running command was given --json."""
    return bool(click.get_current_context().meta.get(_JSON))


def emit(document: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, default=str))


def say(text: str = "") -> None:
    """A line for people on stdout; nothing when JSON is wanted."""
    if not wants_json():
        click.echo(text, color=_colour(sys.stdout))


def note(text: str) -> None:
    """A line for people on stderr: progress and warnings, which never belong to the result."""
    click.echo(text, err=True, color=_colour(sys.stderr))


def progress() -> Callable[[str], None] | None:
    """`note` on a terminal; nothing elsewhere, where nobody watches."""
    return note if sys.stderr.isatty() else None


def fail(ctx: click.Context, error: MemoryMcpError) -> NoReturn:
    """Shows the error in the form that was asked for and ends the process with its exit code."""
    error.seen, error.why, error.fix = redact(error.seen), redact(error.why), redact(error.fix)
    if ctx.meta.get(_JSON):
        emit(error.as_json())
    else:
        colour = _colour(sys.stderr)
        click.echo(click.style("error: ", fg="red", bold=True) + error.seen, err=True, color=colour)
        for label, text in (("why", error.why), ("fix", error.fix)):
            if text:
                click.echo(click.style(f"  {label}: ", bold=True) + text, err=True, color=colour)
    ctx.exit(int(error.exit))


def _colour(stream: Any) -> bool:
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
