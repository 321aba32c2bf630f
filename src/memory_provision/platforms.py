"""What differs per family of operating systems, as a table."""

from __future__ import annotations

from dataclasses import dataclass

from memory_provision.machine import Machine


@dataclass(frozen=True)
class Platform:
    """One family: how its packages, paths and units are called. `{major}` and `{cluster}` are filled in."""

    family: str
    server_packages: tuple[str, ...]
    pgvector_package: str
    python_packages: tuple[str, ...]
    build_packages: tuple[str, ...]
    headers_package: str
    bindir: str
    unit: str
    conf_dir: str
    ca_bundle: str

    def fill(self, template: str, major: int, cluster: str = "main") -> str:
        """`template` for one major version and cluster."""
        return template.format(major=major, cluster=cluster)


DEBIAN = Platform(
    family="debian",
    server_packages=("postgresql-{major}", "postgresql-client-{major}"),
    pgvector_package="postgresql-{major}-pgvector",
    python_packages=("python3", "python3-venv", "ca-certificates"),
    build_packages=("gcc", "make", "libc6-dev"),
    headers_package="postgresql-server-dev-{major}",
    bindir="/usr/lib/postgresql/{major}/bin",
    unit="postgresql@{major}-{cluster}",
    conf_dir="/etc/postgresql/{major}/{cluster}",
    ca_bundle="/etc/ssl/certs/ca-certificates.crt",
)

# Releases whose own Python is at least 3.10, which the server needs; the rest are refused by name.
RELEASES: dict[str, dict[str, str]] = {
    "debian": {"12": "bookworm", "13": "trixie"},
    "ubuntu": {"22.04": "jammy", "24.04": "noble", "26.04": "resolute"},
}

# PostgreSQL major in the distribution's own archive (0: older than 15).
OWN_MAJOR: dict[str, int] = {"bookworm": 15, "trixie": 17, "jammy": 0, "noble": 16, "resolute": 18}


def platform_of(machine: Machine) -> Platform | None:
    """The family's row, or None where this toolkit has none."""
    return DEBIAN if machine.os_id in ("debian", "ubuntu") or "debian" in machine.os_like.split() else None
