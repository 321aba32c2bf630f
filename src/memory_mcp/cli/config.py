"""`memory-mcp config`: what the settings are, and which MCP clients know the server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from memory_mcp.cli import output
from memory_mcp.errors import ConfigurationError

NAMES = ("claude-desktop", "claude-code", "cursor", "vscode", "codex", "gemini")

_client = click.argument("client", type=click.Choice(NAMES))
_name = click.option("--name", default="memory", show_default=True, help="What the client calls the server.")
_scope = click.option("--scope", type=click.Choice(["user", "project"]), help="Which of the client's files.")
_directory = click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="The project folder, for files that live in projects.",
)
_dry_run = click.option("--dry-run", is_flag=True, help="Show the change and write nothing.")
_env_file = click.option(
    "--env-file", type=click.Path(path_type=Path, dir_okay=False), help="The .env file to use."
)


@click.group()
def config() -> None:
    """Show the settings; register the server with MCP clients."""


@config.command()
@output.json_option
@_env_file
def show(env_file: Path | None) -> None:
    """Show the settings in use and where they come from, without secrets."""
    from memory_mcp import config as settings_module

    settings = settings_module.load(os.environ, env_file)
    target = settings.database()
    document = {
        "env_file": settings.env_file,
        "registry": settings.registry,
        "project": target.project,
        "database": target.parsed,
        "database_from": target.source,
        "embedding_provider": settings.embedding_provider,
        "embedding_model": settings.embedding_model,
        "openai_api_key": "set" if settings.openai_api_key else "not set",
        "default_index": settings.default_index,
    }
    if output.wants_json():
        output.emit({"ok": True, **document})
    for key, value in document.items():
        output.say(f"{key:<20}{value}")


@config.command()
@output.json_option
@_name
@_directory
def clients(name: str, directory: Path) -> None:
    """List the MCP clients, their files, and whether they know the server."""
    from memory_mcp.clients.catalog import CLIENTS
    from memory_mcp.clients.register import path_of

    rows = []
    for client in CLIENTS.values():
        path = path_of(client, Path.home(), directory.absolute())
        rows.append(
            {
                "client": client.name,
                "title": client.title,
                "path": str(path),
                "state": _state(client, path, name),
            }
        )
    if output.wants_json():
        output.emit({"ok": True, "clients": rows})
    for row in rows:
        output.say(f"{row['client']:<16}{row['state']:<16}{row['path']}")


@config.command()
@output.json_option
@_client
@_name
@_scope
@_directory
@_env_file
@click.option("--project", help="A project of projects.json instead of the active one.")
@click.option("--url", help="The server runs already, at this URL (http transport).")
@click.option("--force", is_flag=True, help="Replace another server of the same name.")
@_dry_run
def register(client: str, name: str, **options: Any) -> None:
    """Let an MCP client use this server.

    Writes absolute paths and no secrets into the client's file, keeps everything else in it, makes a backup,
    and does nothing when the entry is there. `memory-mcp config clients` lists the clients.
    """
    from memory_mcp.clients import register as registry
    from memory_mcp.clients.catalog import CLIENTS

    known = CLIENTS[client]
    path = registry.path_of(known, Path.home(), options["directory"].absolute(), options["scope"])
    launch = _launch(options["env_file"], options["project"], options["url"])
    change = registry.register(known, path, name, launch, force=options["force"], dry_run=options["dry_run"])
    _tell(change, options["dry_run"])


@config.command()
@output.json_option
@_client
@_name
@_scope
@_directory
@_dry_run
def unregister(client: str, name: str, scope: Any, directory: Path, dry_run: bool) -> None:
    """Take this server out of an MCP client's file; other servers stay."""
    from memory_mcp.clients import register as registry
    from memory_mcp.clients.catalog import CLIENTS

    known = CLIENTS[client]
    path = registry.path_of(known, Path.home(), directory.absolute(), scope)
    _tell(registry.unregister(known, path, name, dry_run=dry_run), dry_run)


def _state(client: Any, path: Path, name: str) -> str:
    from memory_mcp.clients.register import is_ours, registered

    try:
        entry = registered(client, path, name)
    except ConfigurationError:
        return "unreadable"
    if entry is None:
        return "not registered" if path.parent.exists() else "not installed"
    return "registered" if is_ours(entry) else "other server"


def _launch(env_file: Path | None, project: str | None, url: str | None) -> Any:
    """Give the command that a client runs: this installation, with the .env file that is in use now.

    Raises ConfigurationError when the file alone does not say what is in use: clients pass no environment on,
    and their files must hold no secrets.
    """
    from memory_mcp import config as settings_module
    from memory_mcp.clients.catalog import Launch
    from memory_mcp.smoke.settings import own_server, values

    if url:
        return Launch(url=url)
    used = settings_module.load(os.environ, env_file)
    used.database(project)
    filed = values(settings_module.load({}, used.env_file)) if used.env_file else {}
    missing = sorted(name for name, value in values(used).items() if filed.get(name) != value)
    if used.env_file is None or missing:
        where = used.env_file or "a .env file (there is none yet)"
        raise ConfigurationError(
            f"the environment holds settings that the client's server would not see: {', '.join(missing)}",
            "clients start it without your environment, and their files must hold no secrets",
            f"put them into {where}, or unset them; --env-file names another file",
        )
    command, *rest = own_server()
    arguments = [*rest, "--env-file", str(used.env_file.absolute())]
    return Launch(command, (*arguments, "--project", project) if project else tuple(arguments))


def _tell(change: Any, dry_run: bool) -> None:
    if output.wants_json():
        output.emit({"ok": True, "dry_run": dry_run, **change.as_json()})
    if dry_run:
        output.say(change.diff.rstrip() or f"{change.path}: {change.outcome}")
        return
    output.say(
        f"{change.path}: {change.outcome}" + (f" (backup {change.backup.name})" if change.backup else "")
    )
    if change.outcome in {"added", "updated", "removed"}:
        output.say("Restart the client to see it.")
