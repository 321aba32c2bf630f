"""The extension in every project's database brought to the version of the installed files, and checked."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from memory_provision.remote import credential
from memory_provision.remote.base import Report, Trouble
from memory_provision.remote.database import older
from memory_provision.remote.psql import Psql, administrator, literal

VERSIONS = """
SELECT json_build_object('installed', e.extversion, 'available', a.default_version)
FROM pg_available_extensions a LEFT JOIN pg_extension e ON e.extname = a.name WHERE a.name = 'vector'
"""
# What only works when the library that is loaded and the SQL that calls it belong together.
WORKS = "SELECT json_build_array(('[1,2,3]'::vector <-> '[3,2,1]'::vector) BETWEEN 2.82 AND 2.83)"


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: bindir, port, admin, projects_file."""
    psql = administrator(request)
    if not psql.ready():
        raise Trouble(
            "the cluster does not run", f"nothing answers on port {request['port']}", "run deploys/postgres.py"
        )
    versions = {name: _updated(psql, name, report, apply) for name in databases(request, psql)}
    if not versions:
        report.warn(f"no project of {request['projects_file']} has its database in this cluster")
    report.facts["answer"] = versions


def databases(request: dict[str, Any], psql: Psql) -> list[str]:
    """The databases of this cluster that a project of projects.json names."""
    urls = [e.get("databaseUrl") for e in credential.registry(request).values() if isinstance(e, dict)]
    named = {unquote(urlsplit(u).path[1:]) for u in urls if isinstance(u, str) and _here(u, request["port"])}
    there = psql.json(
        "SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_database WHERE datallowconn"
    )
    return [name for name in there if name in named]


def _here(url: str, port: int) -> bool:
    try:
        parts = urlsplit(url)
        return parts.hostname in ("localhost", "127.0.0.1", "::1") and (parts.port or 5432) == port
    except ValueError:
        return False


def _updated(psql: Psql, database: str, report: Report, apply: bool) -> str | None:
    """The version that the database has afterwards; Trouble when it does not work with the installed files."""
    state = psql.json(VERSIONS, database) or {}
    have, wanted = state.get("installed"), state.get("available")
    if have is None or wanted is None or not older(have, wanted):
        return have
    report.change(f"extension vector {have} → {wanted} in database {database}")
    if not apply:
        return str(have)
    psql.execute("ALTER EXTENSION vector UPDATE;", database)
    now = psql.json("SELECT json_build_array(extversion) FROM pg_extension WHERE extname = 'vector'", database)[
        0
    ]
    if now != wanted or psql.json(WORKS, database) != [True]:
        raise Trouble(
            f"extension vector of database {database} is {now} after its update to {wanted}",
            "its library and its SQL do not belong together",
            f"connect to {database} as the administrator: ALTER EXTENSION vector UPDATE TO {literal(wanted)}",
        )
    return str(now)
