"""Preflight: what will be done on a machine, or why nothing can be. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from memory_mcp.errors import RefusedError
from memory_provision.machine import Cluster, Machine, ServerProgram
from memory_provision.platforms import OWN_MAJOR, RELEASES, Platform, platform_of
from memory_provision.settings import OLDEST_POSTGRES, Settings

NEEDED_KIB = 1024 * 1024
"""Free disk below which nothing is begun: 1 GiB."""

NEEDED_AGAIN_KIB = 300 * 1024
"""The same where everything is installed already: room for another version of the server."""

OLDEST_PYTHON = (3, 10)
"""The oldest Python that the server's dependencies support."""


class PreflightError(RefusedError):
    """This machine cannot be provisioned with these settings; nothing was changed."""


@dataclass(frozen=True)
class Plan:
    """The decisions that hold for the whole run."""

    platform: Platform
    codename: str
    source: str  # existing | pgdg | distribution
    major: int
    cluster: str
    port: int
    systemd: bool
    sudo: bool

    @property
    def bindir(self) -> str:
        """Folder of this server's programs."""
        return self.platform.fill(self.platform.bindir, self.major)

    @property
    def conf_dir(self) -> str:
        """Folder of the cluster's postgresql.conf."""
        return self.platform.fill(self.platform.conf_dir, self.major, self.cluster)

    @property
    def unit(self) -> str:
        """The cluster's systemd unit."""
        return self.platform.fill(self.platform.unit, self.major, self.cluster)


def make_plan(machine: Machine, settings: Settings) -> Plan:
    """Decide; raises PreflightError with what was seen, why it cannot work and the line that mends it."""
    platform = _supported(machine)
    _check_rights(machine)
    _check_python(machine)
    _check_disk(machine)
    source, major = _choose_server(machine, settings, platform)
    cluster = next(
        (c for c in machine.clusters if (c.major, c.name) == (major, settings.postgres_cluster)), None
    )
    port = _choose_port(machine, settings, cluster)
    return Plan(
        platform=platform,
        codename=machine.os_codename,
        source=source,
        major=major,
        cluster=settings.postgres_cluster,
        port=port,
        systemd=machine.systemd,
        sudo=machine.uid != 0,
    )


def _supported(machine: Machine) -> Platform:
    platform = platform_of(machine)
    known = RELEASES.get(machine.os_id)
    if platform is None or (known is not None and machine.os_version and machine.os_version not in known):
        listed = "; ".join(f"{name} {', '.join(versions)}" for name, versions in RELEASES.items())
        raise PreflightError(
            f"the operating system is {machine.os_name or machine.kernel or 'unknown'}",
            f"this toolkit provisions: {listed}",
            "use one of these, or a hosted database (memory-mcp db migrate, docs/migrations.md)",
        )
    return platform


def _check_rights(machine: Machine) -> None:
    if machine.uid != 0 and not machine.sudo:
        raise PreflightError(
            f"user {machine.user!r} is not root and `sudo -n true` fails",
            "packages and clusters can only be made by root",
            "connect as root (ssh_user='root'), or allow the user sudo without a password",
        )


def _check_python(machine: Machine) -> None:
    """A bare machine gets its distribution's Python; one that is there and too old stays so."""
    if machine.pythons and max(p.version for p in machine.pythons) < OLDEST_PYTHON:
        raise PreflightError(
            f"the system's Python is {'.'.join(map(str, machine.pythons[0].version))}",
            "the server needs 3.10 or newer",
            "use a newer release of the system, or install a newer python3 in /usr/bin",
        )


def _check_disk(machine: Machine) -> None:
    needed = NEEDED_AGAIN_KIB if machine.provisioned else NEEDED_KIB
    for folder, free in machine.free:
        if free < needed:
            raise PreflightError(
                f"{free // 1024} MiB are free where {folder} is",
                f"less than {needed // 1024} MiB is not enough for PostgreSQL, the server and a migration",
                f"free some space (du -xhd1 / | sort -h | tail) or put {folder} on a larger disk",
            )


def _choose_server(machine: Machine, settings: Settings, platform: Platform) -> tuple[str, int]:
    """(source, major), in the order of postgres_source=auto."""
    wanted, version = settings.postgres_source, settings.postgres_version
    suitable = sorted({s.major for s in machine.servers if s.major >= OLDEST_POSTGRES})
    if wanted in ("auto", "existing") and suitable:
        return "existing", version if version in suitable else suitable[-1]
    if wanted == "existing":
        raise PreflightError(
            f"no PostgreSQL of at least {OLDEST_POSTGRES} is installed" + _older(machine.servers),
            "postgres_source=existing installs none",
            "use --data postgres_source=auto",
        )
    own = OWN_MAJOR.get(machine.os_codename, 0)
    if wanted == "pgdg" or (wanted == "auto" and machine.reaches("pgdg")):
        return "pgdg", version
    if wanted == "distribution" and own >= OLDEST_POSTGRES:
        return "distribution", own
    if wanted == "auto" and own >= OLDEST_POSTGRES and machine.reaches("distribution"):
        return "distribution", own
    raise PreflightError(
        f"PostgreSQL {version} can be had from nowhere: PGDG: {machine.why_not('pgdg')}; "
        f"the distribution's mirror: {machine.why_not('distribution')}; its own version: {own or 'too old'}",
        "without a package source nothing can be installed",
        "name a mirror with --data pgdg_apt_url=URL, mend DNS or the proxy on the machine, "
        "or install PostgreSQL yourself and run again",
    )


def _older(servers: tuple[ServerProgram, ...]) -> str:
    return f" (found: {', '.join(s.version for s in servers)})" if servers else ""


def _choose_port(machine: Machine, settings: Settings, cluster: Cluster | None) -> int:
    """The port our cluster will listen on; refuses one that something else holds."""
    port = settings.postgres_port or (cluster.port if cluster else 5432)
    if cluster and cluster.online and cluster.port == port:
        return port
    holder = next((c for c in machine.clusters if c.port == port and c.online), None)
    if port in machine.listening or holder:
        who = f"PostgreSQL cluster {holder.major}/{holder.name}" if holder else "another program"
        free = next(p for p in range(5432, 65536) if p not in machine.listening)
        raise PreflightError(
            f"port {port} on localhost is taken by {who}",
            "the cluster could not listen there",
            f"use --data postgres_port={free}, or stop what holds it (ss -ltnp 'sport = :{port}')",
        )
    return port
