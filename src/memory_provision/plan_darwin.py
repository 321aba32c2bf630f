"""The plan for a Mac: as its user, with Homebrew, or with the server of Postgres.app. Pure."""

from __future__ import annotations

from memory_provision.machine import Machine
from memory_provision.places import user_places
from memory_provision.plan import OLDEST_PYTHON, Plan, PreflightError, check_disk, choose_port
from memory_provision.platforms import Platform
from memory_provision.platforms_darwin import APP, PYTHON, homebrew, postgres_app
from memory_provision.settings import OLDEST_POSTGRES, Settings

OLDEST_MACOS = {"arm64": 14, "x86_64": 13}
"""The oldest macOS that every pinned package has a wheel for (wordllama's decides)."""


def darwin_plan(machine: Machine, settings: Settings, installing: bool = True) -> Plan:
    """As plan.make_plan."""
    _check(machine)
    if installing:
        check_disk(machine)
    source, major, row = _choose_server(machine, settings)
    clusters = [c for c in machine.clusters if c.data_directory == row.fill(row.data, major)]
    port, remarks = choose_port(machine, settings, clusters[0] if clusters else None, installing)
    python, package = _python(machine, settings)
    return Plan(
        platform=row,
        places=user_places(settings, machine.home),
        system=f"darwin-{machine.os_version.split('.')[0]}-{machine.architecture}",
        codename="",
        yum=("", ""),
        python=python,
        python_package=package,
        source=source,
        archive=False,
        major=major,
        cluster="main",
        port=port,
        host="localhost",
        systemd=False,
        enforcing=False,
        sudo=False,
        warnings=remarks,
        admin_user=None,
        admin_role=machine.user,
        brew=f"{machine.brew}/bin/brew",
        service=_service(row, major),
        hints=(path_hint(machine.shell, row.fill(row.bindir, major), f"{machine.home}/.local/bin"),),
    )


def _check(machine: Machine) -> None:
    if machine.uid == 0:
        raise PreflightError(
            "this is root",
            "Homebrew refuses root, and PostgreSQL will not run as it",
            "connect as the Mac's user (ssh_user='…'), without sudo",
        )
    release = machine.os_version.split(".")[0]
    oldest = OLDEST_MACOS.get(machine.architecture, 14)
    if release.isascii() and release.isdigit() and int(release) < oldest:
        raise PreflightError(
            f"the operating system is {machine.os_name} ({machine.architecture})",
            f"the server's packages are built for macOS {oldest} and newer",
            "update macOS, or use a hosted database (memory-mcp db migrate, docs/migrations.md)",
        )
    if not machine.brew:
        raise PreflightError(
            "Homebrew is neither in /opt/homebrew nor in /usr/local",
            "PostgreSQL and Python come from it; its installer asks questions, so it is not run from here",
            "install it (https://brew.sh), then run again; or use --data postgres_source=embedded",
        )


def _choose_server(machine: Machine, settings: Settings) -> tuple[str, int, Platform]:
    """(source, major, row): a server that is there, one of Postgres.app included, else Homebrew's."""
    brew, asked, wanted = homebrew(machine.brew), settings.postgres_version, settings.postgres_source
    if wanted in ("pgdg", "distribution"):
        raise PreflightError(
            f"postgres_source is {wanted}",
            "there is no such thing on macOS; PostgreSQL comes from Homebrew or Postgres.app",
            "use --data postgres_source=auto",
        )
    there = {s.major: s for s in machine.servers if s.major >= OLDEST_POSTGRES and asked in (None, s.major)}
    for server in machine.servers:  # of one version in both places, the one whose cluster there is
        if server.major in there and server.bindir.startswith(APP) and _runs(machine, server.major):
            there[server.major] = server
    if there:
        major = OLDEST_POSTGRES if OLDEST_POSTGRES in there else max(there)
        app = there[major].bindir.startswith(APP)
        return "existing", major, postgres_app(machine.brew, machine.home) if app else brew
    if wanted == "existing":
        raise PreflightError(
            f"no PostgreSQL {asked or f'of at least {OLDEST_POSTGRES}'} is installed",
            "postgres_source=existing installs none",
            "use --data postgres_source=auto",
        )
    return "homebrew", asked or OLDEST_POSTGRES, brew


def _runs(machine: Machine, major: int) -> bool:
    """Is the online cluster of this version the one of Postgres.app?"""
    return any(c.major == major and c.online and "Postgres/var-" in c.data_directory for c in machine.clusters)


def _python(machine: Machine, settings: Settings) -> tuple[str, str | None]:
    """(program, formula that is still to be installed). Apple's own is 3.9, and is not asked."""
    if settings.server_python:
        return settings.server_python, None
    fit = [p.path for p in machine.pythons if p.version >= OLDEST_PYTHON]
    if fit:
        return fit[0], None
    return f"{machine.brew}/opt/{PYTHON}/bin/python3.13", PYTHON


def _service(row: Platform, major: int) -> str:
    if row.layout == "app":
        return "started by Postgres.app"
    return f"brew services, {row.fill(row.unit, major)}"


def path_hint(shell: str, *folders: str) -> str:
    """The line that puts these folders into the PATH of the user's shell; it is told, not done."""
    name = shell.rpartition("/")[2]
    if name == "fish":
        return f"fish_add_path {' '.join(folders)}"
    file = "~/.bash_profile" if name == "bash" else "~/.zshrc" if name == "zsh" else "~/.profile"
    return f"echo 'export PATH=\"{':'.join(folders)}:$PATH\"' >> {file}"
