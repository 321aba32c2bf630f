"""The input of each host program, made from the settings and the plan."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from memory_provision.plan import Plan
from memory_provision.settings import Secret, Settings
from memory_provision.sources import pgvector_sources
from memory_provision.templates import TEMPLATES, render
from memory_provision.wheel import migration_names, requirements, server_wheel

CACHE = "/var/cache/memory-mcp"
PASSWORD = "@PASSWORD@"  # noqa: S105 -- the place of it; the host puts the real one there


class Inputs:
    """One method a program; `facts` holds what earlier steps reported."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self.settings, self.plan = settings, plan
        self.facts: dict[str, Any] = {}

    # -- where things are
    @property
    def env_file(self) -> str:
        """The server's .env."""
        return f"{self.settings.config_dir}/.env"

    @property
    def projects_file(self) -> str:
        """The registry of projects."""
        return f"{self.settings.config_dir}/config/projects.json"

    @property
    def passfile(self) -> str:
        """libpq's password file, for root."""
        return f"{self.settings.config_dir}/pgpass"

    # -- one per program
    def packages(self) -> dict[str, str]:
        """See remote/packages.sh."""
        s, p = self.settings, self.plan
        wanted = (
            [] if p.source == "existing" else [p.platform.fill(x, p.major) for x in p.platform.server_packages]
        )
        key = Path(s.pgdg_apt_key) if s.pgdg_apt_key else TEMPLATES / "keys" / "pgdg-apt.asc"
        return {
            "SOURCE": p.source,
            "MAJOR": str(p.major),
            "CODENAME": p.codename,
            "CACHE": CACHE,
            "PACKAGES": " ".join([*wanted, *p.platform.python_packages]),
            "PGVECTOR": p.platform.fill(p.platform.pgvector_package, p.major),
            "HEADERS": p.platform.fill(p.platform.headers_package, p.major),
            "BUILD": " ".join(p.platform.build_packages),
            "PGDG_URL": s.pgdg_apt_url,
            "PGDG_KEY": key.read_text(encoding="ascii").strip() if p.source == "pgdg" else "",
            "SOURCES": "\n".join(" ".join(source) for source in pgvector_sources(s.pgvector_url)),
        }

    def pgvector(self) -> dict[str, Any]:
        """See remote/pgvector.py."""
        sources = [[x.file, x.version, x.sha256] for x in pgvector_sources(self.settings.pgvector_url)]
        headers = self.plan.platform.fill(self.plan.platform.headers_package, self.plan.major)
        return {
            "bindir": self.plan.bindir,
            "cache": CACHE,
            "sources": sources,
            "headers_glob": f"{headers}_*.deb",
        }

    def cluster(self) -> dict[str, Any]:
        """See remote/cluster.py."""
        s, p = self.settings, self.plan
        lines = {"port": p.port, **(s.postgres_settings or {})}
        return {
            "major": p.major,
            "cluster": p.cluster,
            "port": p.port,
            "bindir": p.bindir,
            "conf_dir": p.conf_dir,
            "unit": p.unit,
            "systemd": p.systemd,
            "manage": s.manage_cluster,
            "settings": render("postgresql.conf.j2", settings=lines),
            "database": s.database,
        }

    def database(self) -> dict[str, Any]:
        """See remote/database.py."""
        return {**self._credential(), "bindir": self.plan.bindir, "adopt": self.settings.adopt}

    def server(self) -> dict[str, Any]:
        """See remote/server.py; the wheel itself goes along only when it is needed."""
        s, wheel = self.settings, server_wheel()
        return {
            "install_dir": s.install_dir,
            "service_user": s.service_user,
            "python_candidates": [
                "/usr/bin/python3",
                "/usr/bin/python3.13",
                "/usr/bin/python3.12",
                "/usr/bin/python3.11",
            ],
            "wheel_name": wheel.path.name,
            "wheel_sha256": wheel.sha256,
            "requirements_sha256": hashlib.sha256(requirements().encode()).hexdigest(),
            "index_url": s.python_index_url,
            "ca_bundle": self.plan.platform.ca_bundle,
        }

    def wheel(self) -> dict[str, Any]:
        """The wheel and the pinned dependencies, for the run that installs them."""
        text = base64.b64encode(server_wheel().path.read_bytes()).decode()
        return {"wheel": text, "requirements": requirements()}

    def configuration(self) -> dict[str, Any]:
        """See remote/configuration.py."""
        s = self.settings
        values = {
            "settings": s,
            "projects_file": self.projects_file,
            "password": PASSWORD,
            "port": self.plan.port,
        }
        # What the operator did not ask for is decided by a file that is there already.
        asked = {
            "MEMORY_EMBEDDING_PROVIDER": s.embedding_provider != "auto",
            "MEMORY_EMBEDDING_MODEL": s.embedding_model is not None,
            "OPENAI_BASE_URL": s.openai_base_url is not None,
            "OPENAI_API_KEY": s.openai_api_key is not None,
            "MEMORY_ACTIVE_PROJECT": False,
        }
        key = s.openai_api_key
        return {
            **self._credential(),
            "service_user": s.service_user,
            "projects": render("projects.json.j2", **values),
            "env": render("env.j2", **values, api_key=key.reveal() if isinstance(key, Secret) else key),
            "keep": [name for name, wanted in asked.items() if not wanted],
        }

    def migrations(self) -> dict[str, Any]:
        """See remote/migrations.py."""
        s, p = self.settings, self.plan
        where = {"bindir": p.bindir, "port": p.port, "database": s.database}
        return {**self._installed(), **where, "known": list(migration_names()), "seed": s.seed}

    def smoke(self) -> dict[str, Any]:
        """See remote/smoke.py."""
        state = {name: self.facts.get(name) for name in ("version_num", "vector", "schema")}
        return {
            **self._installed(),
            "projects_file": self.projects_file,
            "when": self.settings.smoke,
            "state": state,
        }

    def maintain(self, change: str, arguments: list[str], dangerous: bool) -> dict[str, Any]:
        """See remote/maintain.py."""
        s = self.settings
        asked = {"change": change, "arguments": arguments, "dangerous": dangerous, "confirm": s.confirm}
        return {**self._installed(), **asked, "database": s.database}

    # -- shared
    def _credential(self) -> dict[str, Any]:
        s = self.settings
        return {
            "port": self.plan.port,
            "role": s.role,
            "database": s.database,
            "password": s.database_password.reveal() if isinstance(s.database_password, Secret) else None,
            "project": s.project,
            "config_dir": s.config_dir,
            "projects_file": self.projects_file,
            "env_file": self.env_file,
            "passfile": self.passfile,
        }

    def _installed(self) -> dict[str, Any]:
        s = self.settings
        return {
            "install_dir": s.install_dir,
            "env_file": self.env_file,
            "service_user": s.service_user,
            "project": s.project,
        }
