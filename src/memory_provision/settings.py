"""Every setting: its name, type, default and meaning, in one place.

Values come from the inventory (`inventories/group_data/all.py`, a group, a host or `--data name=value`). They
are checked before the first command runs: an unknown name is an error that names the nearest known one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import PureWindowsPath
from typing import Any

from memory_mcp.errors import ConfigurationError

OLDEST_POSTGRES = 15
"""The oldest PostgreSQL major that the schema and the server are meant for (guide.md, Prerequisites)."""

SOURCES = ("auto", "existing", "pgdg", "distribution", "embedded")
CHOICES: dict[str, tuple[str, ...]] = {
    "postgres_source": SOURCES,
    "manage_cluster": ("auto", "always", "never"),
    "embedding_provider": ("auto", "openai", "local"),
    "smoke": ("changed", "always", "never"),
}

_FROM_ENVIRONMENT = {"database_password": "MEMORY_DATABASE_PASSWORD", "openai_api_key": "OPENAI_API_KEY"}

# Keys that pyinfra and its connectors read from the same inventory data.
_PYINFRA_PREFIXES = ("_", "ssh_", "local_", "docker_", "chroot_", "vagrant_", "terraform_", "x_")


class Secret(str):
    """A string that prints as stars wherever somebody looks at it by mistake; `reveal()` gives the text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def to_json(self) -> str:
        """What pyinfra's `debug-inventory` and `--json` print."""
        return "***"

    def reveal(self) -> str:
        """The text itself."""
        return str.__str__(self)


def _setting(default: Any, meaning: str, **kind: Any) -> Any:
    """A dataclass field with its meaning."""
    return field(default=default, metadata={"meaning": meaning, **kind})


@dataclass(frozen=True)
class Settings:
    """What the operator wants; immutable once checked."""

    # PostgreSQL
    postgres_source: str = _setting(
        "auto",
        "Where PostgreSQL comes from: `existing`, `pgdg`, `distribution`, `embedded` (a wheel, in the user's "
        "home); `auto` is the first that works, and `embedded` where there is neither root nor a server.",
    )
    postgres_version: int | None = _setting(
        None,
        "Major version, 15 to 18; unset means a server of at least 15 that is there, else 15. "
        "Another version is installed beside what is there.",
    )
    postgres_cluster: str = _setting("main", "Name of the cluster to use (Debian's clusters have names).")
    postgres_port: int | None = _setting(
        None,
        "TCP port on localhost; unset means the cluster's own; for a new one 5432, or the next free port where "
        "5432 belongs to another cluster.",
    )
    postgres_settings: dict[str, Any] | None = _setting(
        None, "More lines for our conf.d file, for example {'shared_buffers': '1GB'}."
    )
    manage_cluster: str = _setting(
        "auto",
        "May our conf.d file be written: `always`, `never`; `auto`: not where there are other databases.",
    )
    pgdg_apt_url: str = _setting(
        "https://apt.postgresql.org/pub/repos/apt", "Base URL of PGDG's apt repository or a mirror of it."
    )
    pgdg_apt_archive_url: str = _setting(
        "https://apt-archive.postgresql.org/pub/repos/apt",
        "The same for PGDG's archive, where it moves the packages of releases that have ended.",
    )
    pgdg_apt_key: str | None = _setting(
        None, "That mirror's armored public key, a file on the controller; unset means PGDG's own, bundled."
    )
    pgdg_yum_url: str = _setting(
        "https://download.postgresql.org/pub/repos/yum",
        "Base URL of PGDG's yum repositories or a mirror of them.",
    )
    pgdg_yum_key: str | None = _setting(
        None,
        "That mirror's armored public key, a file on the controller; unset means PGDG's own: fetched from "
        "<pgdg_yum_url>/keys and checked against the pinned fingerprint.",
    )
    # pgvector
    pgvector_url: str = _setting(
        "https://github.com/pgvector/pgvector/archive/refs/tags",
        "Folder of pgvector's release tarballs (`v<version>.tar.gz`), used when no package is new enough.",
    )
    ca_files: str | None = _setting(
        None,
        "Certificates of more CAs (PEM), files on the controller, separated by commas: for mirrors, and "
        "machines behind an intercepting proxy. Trusted by the whole machine: apt, dnf, curl, pip, the server.",
    )
    proxy: str | None = _setting(
        None,
        "HTTP proxy for all that a machine downloads, for example `http://proxy.example:3128`; without a "
        "password, which every user of the machine could see.",
    )
    # without a network (docs/offline.md)
    bundle_file: str | None = _setting(
        None,
        "bundle.py: file on the controller that the bundle is written to; unset means ./memory-mcp-bundle.tar.",
    )
    offline_bundle: str | None = _setting(
        None, "A bundle, a file on the controller: everything is installed from it, the network is not asked."
    )
    # database
    database: str = _setting("memory_default", "Name of the database.")
    role: str = _setting("memory_user", "Login role that owns it; no superuser.")
    database_password: str | None = _setting(
        None,
        "Password of that role; unset means generated on the host, where it stays. "
        "Better from the environment: MEMORY_DATABASE_PASSWORD.",
        secret=True,
    )
    adopt: bool = _setting(
        False,
        "Take over a role or database that somebody else made (password reset, owner changed).",
    )
    seed: bool = _setting(False, "Load the sample data (project `test`).")
    # the server
    project: str = _setting("local", "Name of this database in projects.json.")
    install_dir: str | None = _setting(
        None,
        "Where the server's virtual environments are; unset means /opt/memory-mcp, without root "
        "~/.local/share/memory-mcp, on Windows C:\\Program Files\\memory-mcp.",
    )
    config_dir: str | None = _setting(
        None,
        "Where .env, config/projects.json and pgpass are; unset means /etc/memory-mcp, without root "
        "~/.config/memory-mcp, on Windows C:\\ProgramData\\memory-mcp.",
    )
    server_python: str | None = _setting(
        None, "Python of at least 3.10 on the host for the server; unset means the system's own."
    )
    service_user: str = _setting("memory-mcp", "System user and group that may read the configuration.")
    python_index_url: str | None = _setting(
        None, "Python package index (PEP 503); unset means pip's own configuration on the host."
    )
    embedding_provider: str = _setting(
        "auto", "`openai`, `local` (no key needed), or `auto`: OpenAI when the host has a key, else local."
    )
    embedding_model: str | None = _setting(None, "Embedding model; unset means the provider's default.")
    openai_base_url: str | None = _setting(None, "Base URL of an OpenAI-compatible embeddings endpoint.")
    openai_api_key: str | None = _setting(
        None,
        "API key, written to the host's .env only. Better from the environment: OPENAI_API_KEY.",
        secret=True,
    )
    smoke: str = _setting(
        "changed",
        "When the smoke test runs: `changed` (anything differs since it last passed), `always`, `never`.",
    )

    # Windows: deploys/windows.py
    windows_kit: str = _setting(
        "dist/windows", "windows.py: folder on the controller that the script is written to."
    )
    windows_installer_url: str | None = _setting(
        None,
        "EnterpriseDB's installer: a URL or a file on the Windows machine; unset means its own site. "
        "Its signature is checked in any case.",
    )
    windows_installer_sha256: str | None = _setting(
        None, "SHA-256 of that installer, checked besides its signature."
    )
    windows_pgvector_url: str | None = _setting(
        None,
        "A zip with a built pgvector for this version: a URL or a file on the Windows machine; unset means "
        "compiled there with Visual Studio's C++ tools.",
    )
    windows_pgvector_sha256: str | None = _setting(None, "SHA-256 of that zip; must be given with it.")
    windows_python_url: str = _setting(
        "https://www.python.org/ftp/python/3.13.7/python-3.13.7-amd64.exe",
        "Python's installer, used where none is installed for all users; its signature is checked.",
    )

    # maintenance: deploys/backup.py, restore.py, rollback.py
    backup_file: str | None = _setting(
        None, "backup.py: file on the host; unset means /var/backups/memory-mcp/<database>-<time>.dump."
    )
    restore_file: str | None = _setting(None, "restore.py: file on the host that backup.py made.")
    rollback_to: int | None = _setting(None, "rollback.py: undo everything after this version (0: everything).")
    rollback_steps: int | None = _setting(None, "rollback.py: undo the last so many migrations (default 1).")
    purge_data: bool = _setting(
        False, "uninstall.py: remove the database as well (after a backup); needs confirm=<database>."
    )
    confirm: str | None = _setting(
        None, "restore.py, rollback.py, uninstall.py: the database's name, as a yes to losing what is in it."
    )

    @classmethod
    def from_data(cls, data: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
        """Check inventory data and build the settings.

        Raises ConfigurationError for an unknown name, a wrong type or a value outside its choices.
        """
        known = {f.name: f for f in fields(cls)}
        given = {name: value for name, value in data.items() if not name.startswith(_PYINFRA_PREFIXES)}
        for name in given:
            if name not in known:
                raise _unknown(name, list(known))
        for name, variable in (
            ("database_password", "MEMORY_DATABASE_PASSWORD"),
            ("openai_api_key", "OPENAI_API_KEY"),
        ):
            if given.get(name) is None and environ.get(variable):
                given[name] = environ[variable]
        values = {name: _checked(known[name], value) for name, value in given.items()}
        return cls(**values)


def _unknown(name: str, known: list[str]) -> ConfigurationError:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return ConfigurationError(
        f"unknown setting {name!r}",
        "no such name in memory_provision/settings.py; a misspelt setting would silently do nothing",
        f"did you mean {near[0]!r}?" if near else "see docs/settings.md; data of your own starts with x_",
    )


def _checked(known: Any, value: Any) -> Any:
    """One value, of the field's type and within its choices."""
    if value is None or value == known.default:
        return value
    name, wanted = known.name, known.type.removesuffix(" | None")
    if known.metadata.get("secret"):
        return Secret(value)
    types: dict[str, type] = {"int": int, "bool": bool, "str": str, "dict[str, Any]": dict}
    if not isinstance(value, types[wanted]) or (wanted == "int" and isinstance(value, bool)):
        raise ConfigurationError(
            f"setting {name} is {value!r}",
            f"it has to be of type {wanted}",
            f"for example --data {name}={known.default!r}",
        )
    if name in CHOICES and value not in CHOICES[name]:
        raise ConfigurationError(
            f"setting {name} is {value!r}",
            "it has to be one of " + ", ".join(CHOICES[name]),
            "choose one of them",
        )
    return _bounded(name, value)


def _check_proxy(url: str) -> None:
    if not url.startswith(("http://", "https://")) or "@" in url:
        raise ConfigurationError(
            f"proxy is {re.sub(r'//[^/@]*@', '//***@', url)!r}",
            "it has to be http://HOST:PORT; a password in it would be in the environment of every program",
            "put a proxy with a password into the machine's own configuration of apt or dnf, pip and curl",
        )


def _bounded(name: str, value: Any) -> Any:
    if name == "postgres_version" and not OLDEST_POSTGRES <= value <= 18:
        raise ConfigurationError(
            f"postgres_version is {value}",
            "the schema needs 15 or newer; 15 to 18 are tested",
            "use 15, 16, 17 or 18",
        )
    if name == "postgres_port" and not 1 <= value <= 65535:
        raise ConfigurationError(
            f"postgres_port is {value}", "ports are 1 to 65535", "use 5432 or another free port"
        )
    if name == "proxy":
        _check_proxy(value)
    absolute = (
        value.startswith("/") or PureWindowsPath(value).is_absolute() if isinstance(value, str) else False
    )
    if name in ("install_dir", "config_dir", "server_python") and not absolute:
        raise ConfigurationError(
            f"{name} is {value!r}", "it has to be an absolute path", f"for example /{value}"
        )
    if name.endswith("_sha256") and not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise ConfigurationError(f"{name} is {value!r}", "a SHA-256 has 64 hexadecimal digits", "copy it again")
    return value.rstrip("/") if name.endswith(("_url", "_dir")) else value
