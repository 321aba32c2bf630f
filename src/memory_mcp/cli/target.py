"""The options that say which database: shared by every command that talks to one."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from memory_mcp import config

_SETTINGS = "memory_mcp.settings"


def read_url() -> str:
    """The URL on standard input; PowerShell may put a byte order mark before it."""
    return sys.stdin.readline().lstrip("\ufeff")


def current_settings() -> config.Settings:
    """The settings that the running command's target came from."""
    settings: config.Settings = click.get_current_context().meta[_SETTINGS]
    return settings


def database_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --project, --database-url and --env-file; the command gets `target`, a DatabaseTarget."""

    @click.option(
        "--project", metavar="NAME", help="Project of projects.json (default: MEMORY_ACTIVE_PROJECT)."
    )
    @click.option(
        "--database-url",
        metavar="URL",
        help="Use this database. A password in it shows in the process list: prefer DATABASE_URL, or give - "
        "and write the URL on standard input.",
    )
    @click.option("--env-file", metavar="FILE", type=click.Path(path_type=Path), help="Read this .env file.")
    @functools.wraps(function)
    def command(project: str | None, database_url: str | None, env_file: Path | None, **rest: Any) -> Any:
        if database_url == "-":
            database_url = read_url()
        settings = config.load(os.environ, env_file)
        click.get_current_context().meta[_SETTINGS] = settings
        return function(target=settings.database(project, database_url), **rest)

    return command
