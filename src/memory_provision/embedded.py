"""Preflight for a user without root: the server from a wheel, in the user's home. Pure."""

from __future__ import annotations

from dataclasses import replace

from memory_mcp.embedded import port, versions
from memory_mcp.errors import RefusedError
from memory_provision.machine import Machine
from memory_provision.places import Places
from memory_provision.platforms import DEBIAN, Platform, platform_of
from memory_provision.settings import OLDEST_POSTGRES, Settings
from memory_provision.wheel import embedded_requirement

SOURCE = "embedded"
CLUSTER = "embedded"


def wanted(machine: Machine, settings: Settings) -> bool:
    """By name, or because there is neither root nor a server that could be used; a Mac asks Homebrew first."""
    there = any(server.major >= OLDEST_POSTGRES for server in machine.servers)
    nothing = not machine.root and machine.os_id != "darwin" and not there
    return settings.postgres_source == SOURCE or (settings.postgres_source == "auto" and nothing)


def major() -> int:
    """The major version of the pinned wheel, whose own version begins with PostgreSQL's."""
    return int(embedded_requirement().partition("==")[2].split(".")[0])


def check(machine: Machine, settings: Settings, places: Places, installing: bool = True) -> None:
    """Raises RefusedError for root, for another version than the wheel's, and for data of another major."""
    if machine.uid == 0:
        raise RefusedError(
            "postgres_source=embedded, and the user is root",
            "PostgreSQL does not run as root; the embedded server is for users who cannot become root",
            "connect as the user whose server it shall be (ssh_user=NAME), or use --data postgres_source=auto",
        )
    if settings.postgres_version not in (None, major()):
        raise RefusedError(
            f"the embedded server is PostgreSQL {major()}, and postgres_version is {settings.postgres_version}",
            "its programs come from one pinned wheel",
            f"leave postgres_version out, or use {major()}",
        )
    if installing:
        versions.check(machine.embedded, major(), fresh=False, root=directory(places))


def directory(places: Places) -> str:
    """Where the server keeps its things."""
    return f"{places.install_dir}/postgres"


def passfile(places: Places) -> str:
    """The administrator's password."""
    return f"{directory(places)}/{major()}/pgpass"


def programs(places: Places) -> str:
    """A link to the wheel's programs in the environment that is in use."""
    return f"{places.install_dir}/pgsql"


def platform(machine: Machine, places: Places) -> Platform:
    """The system's row with this server's places; its packages are not asked for, so any system will do."""
    data = _literal(f"{directory(places)}/{major()}/data")
    return replace(
        platform_of(machine) or DEBIAN,
        layout="embedded",
        bindir=_literal(f"{programs(places)}/bin"),
        unit="",
        data=data,
        conf=data,
        extensions=_literal(f"{programs(places)}/share/extension"),
        start=_literal(f"{places.command} embedded start"),
        socket="127.0.0.1",
    )


def _literal(path: str) -> str:
    """A home may have braces in its name; the table's texts are templates."""
    return path.replace("{", "{{").replace("}", "}}")


def choose_port(machine: Machine, settings: Settings, places: Places) -> int:
    """The one that was asked for, the one it has, else a free one; the start refuses a port that is taken."""
    if settings.postgres_port or machine.embedded_port:
        return settings.postgres_port or machine.embedded_port
    return port.choose(directory(places), lambda number: number not in machine.listening)


def remarks(machine: Machine, places: Places) -> tuple[str, ...]:
    """What the user should know before it begins."""
    folder = places.command.rpartition("/")[0]
    if folder in machine.path:
        return ()
    return (f"{folder} is not on your PATH: export PATH={folder}:$PATH (in your shell's profile, for good)",)
