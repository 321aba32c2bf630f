"""What differs per family of operating systems, as a table."""

from __future__ import annotations

from dataclasses import dataclass

from memory_provision.machine import Machine, ServerProgram


@dataclass(frozen=True)
class Platform:
    """One way to have PostgreSQL on a system: packages, paths, units; `{major}`, `{cluster}` are filled in."""

    family: str
    packages: str  # the host program that installs: remote/<packages>.sh
    layout: str  # how a cluster lies on the disk: remote/layout_<layout>.py
    server_packages: tuple[str, ...]
    pgvector_package: str
    base_packages: tuple[str, ...]
    build_packages: tuple[str, ...]
    headers_package: str
    bindir: str
    unit: str
    data: str
    conf: str
    extensions: str  # where CREATE EXTENSION looks for control files
    start: str  # starts a cluster by hand
    ca_bundle: str
    repository_files: tuple[str, ...]  # what we add to the package manager
    ca_folder: str  # where an operator puts a CA of his own
    socket: str = "/var/run/postgresql"

    def fill(self, template: str, major: int, cluster: str = "main") -> str:
        """`template` for one major version and cluster."""
        return template.format(major=major, cluster=cluster)


@dataclass(frozen=True)
class Release:
    """One release of one system: what its own archive holds, and whether it is still cared for.

    `own_majors` are the versions of PostgreSQL in it, the default first (none: none of at least 15). `python`
    is the package whose program of the same name is at least 3.10 (None: it has none). `ended` is the month in
    which its free support ended.
    """

    system: str
    version: str
    codename: str = ""
    own_majors: tuple[int, ...] = ()
    python: str | None = "python3"
    ended: str = ""


DEBIAN = Platform(
    family="debian",
    packages="apt",
    layout="debian",
    server_packages=("postgresql-{major}", "postgresql-client-{major}"),
    pgvector_package="postgresql-{major}-pgvector",
    base_packages=("python3-venv", "ca-certificates"),
    build_packages=("gcc", "make", "libc6-dev"),
    headers_package="postgresql-server-dev-{major}",
    bindir="/usr/lib/postgresql/{major}/bin",
    unit="postgresql@{major}-{cluster}",
    data="/var/lib/postgresql/{major}/{cluster}",
    conf="/etc/postgresql/{major}/{cluster}",
    extensions="/usr/share/postgresql/{major}/extension",
    start="pg_ctlcluster {major} {cluster} start",
    ca_bundle="/etc/ssl/certs/ca-certificates.crt",
    repository_files=(
        "/etc/apt/sources.list.d/memory-mcp-pgdg.sources",
        "/usr/share/keyrings/memory-mcp-pgdg.asc",
    ),
    ca_folder="/usr/local/share/ca-certificates",
)

# PGDG's packages for the RHEL family. pgcrypto is in contrib; the names are PGDG's (pgvector_15).
RHEL = Platform(
    family="rhel",
    packages="dnf",
    layout="pgdata",
    server_packages=("postgresql{major}-server", "postgresql{major}-contrib"),
    pgvector_package="pgvector_{major}",
    base_packages=("ca-certificates",),
    build_packages=("gcc", "make"),
    headers_package="postgresql{major}-devel",
    bindir="/usr/pgsql-{major}/bin",
    unit="postgresql-{major}",
    data="/var/lib/pgsql/{major}/data",
    conf="/var/lib/pgsql/{major}/data",
    extensions="/usr/pgsql-{major}/share/extension",
    start="runuser -u postgres -- /usr/pgsql-{major}/bin/pg_ctl start -D /var/lib/pgsql/{major}/data",
    ca_bundle="/etc/pki/tls/certs/ca-bundle.crt",
    repository_files=("/etc/yum.repos.d/memory-mcp-pgdg.repo", "/etc/pki/rpm-gpg/memory-mcp-pgdg.asc"),
    ca_folder="/etc/pki/ca-trust/source/anchors",
)

# The distribution's own packages: Amazon Linux 2023, and servers of AppStream that are there already.
RHEL_OWN = Platform(
    family="rhel",
    packages="dnf",
    layout="pgdata",
    server_packages=("postgresql{major}-server", "postgresql{major}-contrib"),
    pgvector_package="pgvector",
    base_packages=("ca-certificates",),
    build_packages=("gcc", "make"),
    headers_package="postgresql{major}-server-devel",
    bindir="/usr/bin",
    unit="postgresql",
    data="/var/lib/pgsql/data",
    conf="/var/lib/pgsql/data",
    extensions="/usr/share/pgsql/extension",
    start="runuser -u postgres -- pg_ctl start -D /var/lib/pgsql/data",
    ca_bundle=RHEL.ca_bundle,
    repository_files=(),
    ca_folder=RHEL.ca_folder,
)

# EnterpriseDB's PostgreSQL on Windows, which the rendered script installs and starts (windows_kit.py). It has
# no peer authentication: the administrator comes over localhost.
WINDOWS = Platform(
    family="windows",
    packages="",
    layout="",
    server_packages=(),
    pgvector_package="",
    base_packages=(),
    build_packages=(),
    headers_package="",
    bindir="@BINDIR@",
    unit="postgresql-x64-{major}",
    data="",
    conf="",
    extensions="",
    start="Start-Service postgresql-x64-{major}",
    ca_bundle="",
    ca_folder="",
    repository_files=(),
    socket="localhost",
)

RELEASES: tuple[Release, ...] = (
    Release("debian", "11", "bullseye", (), None, "August 2026"),
    Release("debian", "12", "bookworm", (15,)),
    Release("debian", "13", "trixie", (17,)),
    Release("ubuntu", "20.04", "focal", (), None, "May 2025"),
    Release("ubuntu", "22.04", "jammy"),
    Release("ubuntu", "24.04", "noble", (16,)),
    Release("ubuntu", "26.04", "resolute", (18,)),
    Release("rhel", "8", python="python3.12"),
    Release("rhel", "9", python="python3.12"),
    Release("rhel", "10"),
    Release("fedora", "41", ended="December 2025"),
    Release("fedora", "42"),
    Release("fedora", "43"),
    Release("fedora", "44"),
    Release("amzn", "2023", own_majors=(15, 16, 17, 18), python="python3.11"),
)
ELS = ("rhel", "rocky", "almalinux", "centos", "ol")
"""Systems that are the same as RHEL, release by release: PGDG serves them from one folder."""


def family_of(machine: Machine) -> str | None:
    """debian, rhel, or None where this toolkit has no row."""
    names = {machine.os_id, *machine.os_like.split()}
    if names & {"debian", "ubuntu"}:
        return "debian"
    return "rhel" if names & {*ELS, "fedora", "amzn"} else None


def release_of(machine: Machine) -> Release | None:
    """The row of RELEASES; None for a release that is not listed."""
    system, version = machine.os_id, machine.os_version
    if system in ELS or (system not in ("fedora", "amzn") and "rhel" in machine.os_like.split()):
        system, version = "rhel", version.split(".")[0]
    return next((r for r in RELEASES if (r.system, r.version) == (system, version)), None)


def platform_of(machine: Machine, server: ServerProgram | None = None, own: bool = False) -> Platform | None:
    """The row for a server that is there, or for one from PGDG (`own`: from the distribution itself)."""
    family = family_of(machine)
    if family == "debian":
        return DEBIAN
    if family == "rhel":
        return RHEL_OWN if own or (server is not None and server.bindir == "/usr/bin") else RHEL
    return None


def yum_folder(machine: Machine) -> tuple[str, str]:
    """(system, folder) of this release in PGDG's yum repositories: ("rhel", "redhat/rhel-9-x86_64")."""
    release = machine.os_version.split(".")[0]
    if machine.os_id == "fedora":
        return "fedora", f"fedora/fedora-{release}-{machine.architecture}"
    return "rhel", f"redhat/rhel-{release}-{machine.architecture}"
