"""Asking before something is lost: the database's name on a terminal, --yes everywhere else."""

from __future__ import annotations

import sys

import click

from memory_mcp.config import DatabaseTarget
from memory_mcp.errors import RefusedError


def confirm(target: DatabaseTarget, consequence: str, yes: bool) -> None:
    """Returns when the user agrees; raises RefusedError otherwise."""
    if yes:
        return
    url = target.parsed
    if not sys.stdin.isatty():
        raise RefusedError(
            f"this {consequence} ({url.database} at {url.host}:{url.port})",
            "nobody can be asked here",
            "add --yes if that is what you want",
        )
    answer = click.prompt(
        f"This {consequence}: {url.database} at {url.host}:{url.port}.\nType the database's name", err=True
    )
    if answer.strip() != url.database:
        raise RefusedError("that is not the database's name", "nothing was done", "run it again, or add --yes")
