"""Where things are on a machine: put there by root for everybody, or for one user at home. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from memory_provision.settings import Settings


@dataclass(frozen=True)
class Places:
    """Folders and files of the server.

    + state: notes of what was put here by us
    + owner: the account that may read the configuration (None: the user himself)
    """

    install_dir: str
    config_dir: str
    command: str
    cache: str
    state: str
    backups: str
    owner: str | None

    @property
    def env_file(self) -> str:
        """The server's .env."""
        return f"{self.config_dir}/.env"

    @property
    def projects_file(self) -> str:
        """The registry of projects."""
        return f"{self.config_dir}/config/projects.json"

    @property
    def passfile(self) -> str:
        """libpq's password file."""
        return f"{self.config_dir}/pgpass"


def system_places(settings: Settings) -> Places:
    """For a machine that root provisions."""
    return Places(
        install_dir=settings.install_dir or "/opt/memory-mcp",
        config_dir=settings.config_dir or "/etc/memory-mcp",
        command="/usr/local/bin/memory-mcp",
        cache="/var/cache/memory-mcp",
        state="/var/lib/memory-mcp",
        backups="/var/backups/memory-mcp",
        owner=settings.service_user,
    )


def user_places(settings: Settings, home: str) -> Places:
    """For one user without root; memory_mcp.config looks for ~/.config/memory-mcp/.env by itself."""
    return Places(
        install_dir=settings.install_dir or f"{home}/.local/share/memory-mcp",
        config_dir=settings.config_dir or f"{home}/.config/memory-mcp",
        command=f"{home}/.local/bin/memory-mcp",
        cache=f"{home}/.cache/memory-mcp",
        state=f"{home}/.cache/memory-mcp/state",
        backups=f"{home}/.local/state/memory-mcp/backups",  # where `memory-mcp db backup` puts them, too
        owner=None,
    )
