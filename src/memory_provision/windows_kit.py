"""The kit for a Windows machine: a PowerShell script, and what it needs beside it. Reads nothing but sources.

pyinfra manages no Windows machines, so the same settings are rendered into a script that is run there.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, cast

from memory_mcp.errors import ConfigurationError
from memory_provision.inputs import Inputs
from memory_provision.places import Places
from memory_provision.plan import Plan
from memory_provision.platforms import WINDOWS
from memory_provision.programs import file_program
from memory_provision.settings import OLDEST_POSTGRES, Settings
from memory_provision.sources import WINDOWS_INSTALLERS, pgvector_sources
from memory_provision.templates import render
from memory_provision.wheel import requirements, server_wheel

SCRIPT = "provision.ps1"


def kit(settings: Settings) -> dict[str, bytes]:
    """Name → content of each file. No secret is in any: the script reads them from its environment.

    Raises ConfigurationError for settings that cannot work on Windows.
    """
    _check(settings)
    wheel = server_wheel()
    files = {
        "program.py": file_program("kit", requests(settings)).encode(),
        "requirements.txt": requirements().encode(),
        wheel.path.name: wheel.path.read_bytes(),
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {SCRIPT: script(settings, hashes), **files}


def script(settings: Settings, hashes: dict[str, str]) -> bytes:
    """provision.ps1; a byte order mark tells Windows PowerShell 5.1 that it is UTF-8."""
    major = settings.postgres_version or OLDEST_POSTGRES
    installers = dict(WINDOWS_INSTALLERS)
    if settings.windows_installer_url:
        installers[major] = settings.windows_installer_url
    text = render(
        "windows/provision.ps1.j2",
        rendered_by="deploys/windows.py",
        major=major,
        port=settings.postgres_port or 0,
        installers=installers,
        installer_sha256=settings.windows_installer_sha256 or "",
        pgvector_url=settings.windows_pgvector_url or "",
        pgvector_sha256=settings.windows_pgvector_sha256 or "",
        source=pgvector_sources(settings.pgvector_url)[0],
        python=settings.server_python or "",
        python_url=settings.windows_python_url,
        install_dir=settings.install_dir or "",
        config_dir=settings.config_dir or "",
        kit=hashes,
    )
    return text.replace("\n", "\r\n").encode("utf-8-sig")


def requests(settings: Settings) -> dict[str, Any]:
    """The requests of remote/kit.py; @NAME@ stands for what only the machine knows."""
    public = replace(settings, database_password=None, openai_api_key=None)
    inputs = Inputs(public, _plan(public))
    admin = {"socket": "localhost", "user": None, "role": "postgres", "passfile": "@PASSFILE@"}
    made = {
        "server": {**inputs.server(), "command": None, "ca_bundle": ""},
        "database": inputs.database(),
        "configuration": inputs.configuration(),
        "migrations": inputs.migrations(),
        "smoke": inputs.smoke(),
    }
    for request in made.values():
        if "admin" in request:
            request["admin"] = admin
    return made


def _plan(settings: Settings) -> Plan:
    return Plan(
        platform=WINDOWS,
        places=Places("@INSTALL_DIR@", "@CONFIG_DIR@", command="", cache="", state="", backups="", owner=None),
        system="windows-x86_64",
        codename="",
        yum=("", ""),
        python="@PYTHON@",
        python_package=None,
        source="enterprisedb",
        archive=False,
        major=settings.postgres_version or OLDEST_POSTGRES,
        cluster=settings.postgres_cluster,
        port=cast(int, "@PORT@"),
        host="localhost",
        systemd=False,
        enforcing=False,
        sudo=False,
    )


def _check(settings: Settings) -> None:
    for name in ("install_dir", "config_dir", "server_python"):
        value = getattr(settings, name)
        if value and value.startswith("/"):
            raise ConfigurationError(
                f"{name} is {value!r}",
                "that is no path of Windows",
                f"leave it out, or use --data {name}='C:\\…'",
            )
    if settings.windows_pgvector_url and not settings.windows_pgvector_sha256:
        raise ConfigurationError(
            "windows_pgvector_url is set without windows_pgvector_sha256",
            "a library that the server loads has to be the right one",
            "--data windows_pgvector_sha256=HASH (Get-FileHash FILE)",
        )
