"""Preflight: what will be done on a machine, or why nothing can be. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from memory_mcp.errors import RefusedError
from memory_provision import bundled, embedded
from memory_provision.bundle import Bundle
from memory_provision.machine import Cluster, Machine, ServerProgram
from memory_provision.places import Places, system_places, user_places
from memory_provision.platforms import (
    RELEASES,
    Platform,
    Release,
    family_of,
    platform_of,
    release_of,
    yum_folder,
)
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
    places: Places
    system: str  # debian-12-x86_64
    codename: str
    yum: tuple[str, str]  # (system, folder of this release) in PGDG's yum repositories
    python: str  # the interpreter of the host programs and of the server
    python_package: str | None  # what brings it, when it is still to be installed
    source: str  # existing | pgdg | distribution | embedded | bundle
    archive: bool  # from PGDG's archive: the release has ended
    major: int
    cluster: str
    port: int
    host: str  # how the server and its clients name the machine that they are on
    systemd: bool
    enforcing: bool  # SELinux
    sudo: bool
    warnings: tuple[str, ...] = ()
    admin_user: str | None = "postgres"  # the account that administers the cluster (None: ours), its role there
    admin_role: str = "postgres"
    admin_passfile: str = ""  # where it has a password: libpq's file of it
    brew: str = ""  # Homebrew's program
    service: str = ""  # who starts the cluster, where it is no systemd unit
    hints: tuple[str, ...] = ()  # what only the user should do, as commands
    bundle: str = ""  # folder on the machine where an offline bundle lies unpacked

    @property
    def bindir(self) -> str:
        """Folder of this server's programs."""
        return self.fill(self.platform.bindir)

    @property
    def unit(self) -> str:
        """The cluster's systemd unit."""
        return self.fill(self.platform.unit)

    @property
    def admin(self) -> dict[str, str | None]:
        """Who administers the cluster: over which socket, as which account (None: ourselves), as which role."""
        known = {"socket": self.platform.socket, "user": self.admin_user, "role": self.admin_role}
        return {**known, "passfile": self.admin_passfile} if self.admin_passfile else known

    @property
    def embedded(self) -> bool:
        """Is it the user's own server, from a wheel?"""
        return self.source == embedded.SOURCE

    def fill(self, template: str) -> str:
        """A name or path of the platform's table, for this server and cluster."""
        return self.platform.fill(template, self.major, self.cluster)


def make_plan(
    machine: Machine, settings: Settings, installing: bool = True, bundle: Bundle | None = None
) -> Plan:
    """Decide; raises PreflightError with what was seen, why it cannot work and the line that mends it.

    Without `installing`, only what is there counts: no disk, port or package source is asked for. With a
    bundle, all that is installed comes from there; BundleError when it does not fit.
    """
    if bundle:
        bundled.check_kind(machine, settings, bundle)
    if embedded.wanted(machine, settings):
        return _embedded(machine, settings, installing)
    if machine.os_id == "darwin":
        from memory_provision.plan_darwin import darwin_plan

        return darwin_plan(machine, settings, installing)
    release = _supported(machine)
    _check_rights(machine)
    if bundle:
        python, python_package = bundled.choose_python(machine, settings, bundle)
    else:
        python, python_package = _choose_python(machine, settings, release)
    if installing:
        check_disk(machine)
    if bundle:
        source, (major, there, own) = "bundle", bundled.choose_server(machine, settings, bundle)
        platform = _row(machine, there, own)
    else:
        source, major, platform = _choose_server(machine, settings, release, installing)
    cluster = next(
        (c for c in machine.clusters if (c.major, c.name) == (major, settings.postgres_cluster)), None
    )
    port, remarks = choose_port(machine, settings, cluster, installing)
    places = system_places(settings) if machine.root else user_places(settings, machine.home)
    return Plan(
        platform=platform,
        places=places,
        system=_system(machine),
        codename=machine.os_codename,
        yum=yum_folder(machine),
        python=python,
        python_package=python_package,
        source=source,
        archive=source == "pgdg" and _archived(machine),
        major=major,
        cluster=settings.postgres_cluster,
        port=port,
        host="localhost",
        systemd=machine.systemd,
        enforcing=machine.selinux == "Enforcing",
        sudo=machine.uid != 0,
        warnings=(*_warnings(machine, release, source), *remarks),
        bundle=bundle.folder(places.cache) if bundle else "",
    )


def _embedded(machine: Machine, settings: Settings, installing: bool) -> Plan:
    """For one user without root, on whatever system; nothing but what is there already can be used."""
    places = user_places(settings, machine.home)
    embedded.check(machine, settings, places, installing)
    release = release_of(machine)
    python, missing = _choose_python(machine, settings, release)
    if missing:
        raise PreflightError(
            "there is no Python of at least 3.10 in /usr/bin or /usr/local/bin",
            "without root none can be installed, and the server is a Python program",
            "let an administrator install it (Debian: apt-get install python3 python3-venv), or name yours: "
            "--data server_python=/path/to/python3",
        )
    if installing:
        check_disk(machine)
    row = embedded.platform(machine, places)
    return Plan(
        platform=row,
        places=places,
        system=_system(machine),
        codename=machine.os_codename,
        yum=yum_folder(machine),
        python=python,
        python_package=None,
        source=embedded.SOURCE,
        archive=False,
        major=embedded.major(),
        cluster=embedded.CLUSTER,
        port=embedded.choose_port(machine, settings, places),
        host="127.0.0.1",
        systemd=False,
        enforcing=False,
        sudo=False,
        warnings=(*_warnings(machine, release, embedded.SOURCE), *embedded.remarks(machine, places)),
        admin_user=None,
        admin_passfile=embedded.passfile(places),
        service=f"started when a client needs it, or by {row.fill(row.start, embedded.major())}",
    )


def _system(machine: Machine) -> str:
    return f"{machine.os_id}-{machine.os_version}-{machine.architecture}"


def _supported(machine: Machine) -> Release | None:
    """The release; None for one of a family that we know, under a name that we do not (a derivative)."""
    release = release_of(machine)
    listed = any(r.system == machine.os_id for r in RELEASES)
    if family_of(machine) is None or (listed and machine.os_version and release is None):
        names = dict.fromkeys(r.system for r in RELEASES)
        known = "; ".join(f"{n} {', '.join(r.version for r in RELEASES if r.system == n)}" for n in names)
        raise PreflightError(
            f"the operating system is {machine.os_name or machine.kernel or 'unknown'}",
            f"this toolkit provisions: {known} (rhel: also Rocky, Alma, CentOS Stream, Oracle)",
            "use one of these, or a hosted database (memory-mcp db migrate, docs/migrations.md)",
        )
    return release


def _warnings(machine: Machine, release: Release | None, source: str) -> tuple[str, ...]:
    found = []
    if release is not None and release.ended:
        found.append(
            f"{machine.os_name} is at its end of life: its free support ended in {release.ended}. "
            "Security fixes for PostgreSQL and Python stop with it; plan the upgrade of this machine"
        )
    if source == "pgdg" and _archived(machine):
        found.append(f"PGDG has moved {machine.os_codename} to its archive: nothing there is updated any more")
    return tuple(found)


def _archived(machine: Machine) -> bool:
    """Has PGDG this release in its archive only?"""
    return machine.reaches("archive") and not machine.reaches("pgdg")


def _check_rights(machine: Machine) -> None:
    if not machine.root:
        raise PreflightError(
            f"user {machine.user!r} is not root and `sudo -n true` fails",
            "packages and clusters can only be made by root",
            "connect as root (ssh_user='root'), allow the user sudo without a password, or run a server of the "
            "user's own: --data postgres_source=embedded",
        )


def _choose_python(machine: Machine, settings: Settings, release: Release | None) -> tuple[str, str | None]:
    """(program, the package that is still to be installed for it): the system's own, when it is new enough."""
    if settings.server_python:
        return settings.server_python, None
    fit = [p.path for p in machine.pythons if p.version >= OLDEST_PYTHON]
    if fit:
        return fit[0], None
    package = release.python if release else "python3"
    path = f"/usr/bin/{package}"
    if package is None or any(p.path == path for p in machine.pythons):
        seen = ", ".join(f"{p.path} is {'.'.join(map(str, p.version))}" for p in machine.pythons)
        raise PreflightError(
            f"{machine.os_name or 'this system'} has no Python that is new enough ({seen or 'none'})",
            f"the server needs 3.10 or newer{_end(release)}",
            "use a newer release of the system, or name a Python that you installed: "
            "--data server_python=/path/to/python3",
        )
    return path, package


def _end(release: Release | None) -> str:
    return f"; the system's free support ended in {release.ended}" if release and release.ended else ""


def check_disk(machine: Machine) -> None:
    """Room for what is to be installed."""
    needed = NEEDED_AGAIN_KIB if machine.provisioned else NEEDED_KIB
    for folder, free in machine.free:
        if free < needed:
            raise PreflightError(
                f"{free // 1024} MiB are free where {folder} is",
                f"less than {needed // 1024} MiB is not enough for PostgreSQL, the server and a migration",
                f"free some space (du -xhd1 / | sort -h | tail) or put {folder} on a larger disk",
            )


def _choose_server(
    machine: Machine, settings: Settings, release: Release | None, installing: bool
) -> tuple[str, int, Platform]:
    """(source, major, row of the table), in the order of postgres_source=auto."""
    wanted, asked = settings.postgres_source, settings.postgres_version
    version = asked or OLDEST_POSTGRES
    there = {s.major: s for s in machine.servers if s.major >= OLDEST_POSTGRES and asked in (None, s.major)}
    if wanted in ("auto", "existing") and there:
        major = version if version in there else max(there)
        return "existing", major, _row(machine, there[major])
    if not installing:
        return "existing", version, _row(machine)
    if wanted == "existing":
        raise PreflightError(
            f"no PostgreSQL {asked or f'of at least {OLDEST_POSTGRES}'} is installed" + _found(machine.servers),
            "postgres_source=existing installs none",
            "use --data postgres_source=auto",
        )
    offered = release.own_majors if release else ()
    own = next((major for major in offered if asked in (None, major)), None)
    if wanted == "pgdg" or (wanted == "auto" and (machine.reaches("pgdg") or _archived(machine))):
        return "pgdg", version, _row(machine)
    if own and (wanted == "distribution" or (wanted == "auto" and machine.reaches("distribution"))):
        return "distribution", own, _row(machine, own=True)
    raise PreflightError(
        f"PostgreSQL {version} can be had from nowhere: PGDG: {machine.why_not('pgdg')}; "
        f"the distribution's mirror: {machine.why_not('distribution')}; its own version: {_own(release)}",
        "without a package source nothing can be installed",
        f"name a mirror with --data {_mirror_setting(machine)}=URL, mend DNS or the proxy on the machine, "
        "or install PostgreSQL yourself and run again",
    )


def _row(machine: Machine, server: ServerProgram | None = None, own: bool = False) -> Platform:
    row = platform_of(machine, server, own)
    assert row is not None, "checked by _supported"  # noqa: S101
    return row


def _mirror_setting(machine: Machine) -> str:
    return "pgdg_yum_url" if family_of(machine) == "rhel" else "pgdg_apt_url"


def _own(release: Release | None) -> str:
    return ", ".join(map(str, release.own_majors)) if release and release.own_majors else "too old"


def _found(servers: tuple[ServerProgram, ...]) -> str:
    return f" (found: {', '.join(s.version for s in servers)})" if servers else ""


def choose_port(
    machine: Machine, settings: Settings, cluster: Cluster | None, installing: bool = True
) -> tuple[int, tuple[str, ...]]:
    """The port our cluster will listen on, with what the operator has to know of it.

    Beside another cluster a free port is chosen; one that another program holds is refused, and so is one that
    was asked for.
    """
    port = settings.postgres_port or (cluster.port if cluster else 5432)
    if not installing or (cluster and cluster.online and cluster.port == port):
        return port, ()
    holder = next((c for c in machine.clusters if c.port == port and c is not cluster), None)
    free_now = port not in machine.listening and not (holder and holder.online)
    if free_now and (holder is None or cluster or settings.postgres_port):
        return port, ()
    taken = machine.listening | {c.port for c in machine.clusters}
    free = next(p for p in range(5432, 65536) if p not in taken)
    who = f"PostgreSQL cluster {holder.major}/{holder.name}" if holder else "another program"
    if holder and cluster is None and not settings.postgres_port:
        return free, (f"port {port} belongs to {who}, which stays as it is: ours is {free}",)
    raise PreflightError(
        f"port {port} on localhost is taken by {who}",
        "the cluster could not listen there",
        f"use --data postgres_port={free}, or stop what holds it (ss -ltnp 'sport = :{port}')",
    )
