"""Takes away what the main job put here. The data stay, unless they are given up by name, and then in a backup.

Everything is looked up before it is removed and the server comes last, so that a run that was cut off can be
repeated. What the operator may have written himself (projects.json, .env) is moved to the backups, not deleted.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

from memory_provision.remote import memory, removal
from memory_provision.remote.base import Report, Trouble, must, run
from memory_provision.remote.database import DATABASE, MADE_BY, ROLE
from memory_provision.remote.psql import Psql, administrator, identifier, literal

OTHERS = """
SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_database
WHERE NOT datistemplate AND datname <> {database} AND (datname <> 'postgres' OR EXISTS (
  SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')))
"""

# What a role owns or may use outside of one database: DROP ROLE is refused then
NEEDED_BY = """
SELECT coalesce(json_agg(DISTINCT coalesce(d.datname, 'a ' || s.classid::regclass)), '[]')
FROM pg_shdepend s LEFT JOIN pg_database d
  ON d.oid = CASE s.classid WHEN 'pg_database'::regclass THEN s.objid ELSE s.dbid END
WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = {role}::regrole
  AND d.datname IS DISTINCT FROM {database}
"""


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: install_dir, config_dir, command, cache, state, backups, env_file, owner, project, database,
    role, bindir, port, admin, purge, confirm, packages (apt, dnf), unit, data, conf, major, cluster, systemd,
    files (what we added to the package manager), embedded (the directory of the user's own server, or none).
    """
    if request["purge"] and request["confirm"] != request["database"]:
        raise Trouble(
            f"purge_data=true, and confirm is {request['confirm'] or 'not set'}",
            f"all that is in database {request['database']} would be gone (a backup is made first)",
            f"repeat with --data purge_data=true --data confirm={request['database']}",
        )
    psql = administrator(request)
    if request["purge"]:
        _purge(request, report, apply, psql)
    _remove_postgresql(request, report, apply, psql)
    if request["embedded"]:
        _remove_embedded(request, report, apply, psql)
    _move_configuration(request, report, apply)
    _remove_server(request, report, apply)


def _purge(request: dict[str, Any], report: Report, apply: bool, psql: Psql) -> None:
    """The database and its role, after a backup."""
    name, role = request["database"], request["role"]
    if not psql.ready():
        if os.path.exists(f"{request['data']}/PG_VERSION"):
            raise Trouble(
                f"database {name} cannot be saved before it is removed",
                f"PostgreSQL does not answer on port {request['port']}",
                "start it and run again, or leave out purge_data",
            )
        return
    if psql.json(DATABASE.format(database=literal(name))) is not None:
        report.change(f"database {name} saved, then removed")
        if apply:
            saved = memory.call_as(None, request, "db", "backup")
            report.facts["backup"] = saved["file"]
            psql.execute(f"DROP DATABASE {identifier(name)} WITH (FORCE);")
    found = psql.json(ROLE.format(role=literal(role)))
    if found is None or found["comment"] != MADE_BY:
        return
    needed = psql.json(NEEDED_BY.format(role=literal(identifier(role)), database=literal(name)))
    if needed:
        report.warn(f"role {role} stays: {', '.join(needed)} would be without it")
        return
    report.change(f"role {role} removed")
    if apply:
        psql.execute(f"DROP ROLE {identifier(role)};")


def _remove_postgresql(request: dict[str, Any], report: Report, apply: bool, psql: Psql) -> None:
    """The packages that we installed, where nobody else uses the server; without purge its data stay."""
    installed = removal.recorded(request)
    if not installed:
        return
    others = psql.json(OTHERS.format(database=literal(request["database"]))) if psql.ready() else []
    if others:
        report.warn(f"PostgreSQL stays: it also serves {', '.join(others)}")
        return
    report.change(f"packages removed: {' '.join(installed)}")
    if request["purge"] and os.path.exists(request["data"]):
        report.change(f"cluster {request['major']}/{request['cluster']} removed ({request['data']})")
    if apply:
        removal.remove(request, installed)


def _remove_embedded(request: dict[str, Any], report: Report, apply: bool, psql: Psql) -> None:
    """Stopped before its programs go; without purge, or with databases of others, its data stay."""
    running, folder = psql.ready(), request["embedded"]
    others = psql.json(OTHERS.format(database=literal(request["database"]))) if running else []
    if running:
        report.change("embedded server stopped")
        if apply:
            stop = [memory.command(request), "embedded", "stop", "--directory", folder]
            must(stop, "the embedded server does not stop")
    if request["purge"] and others:
        report.warn(f"{folder} stays: it also holds {', '.join(others)}")
    elif request["purge"] and os.path.isdir(folder):
        report.change(f"{folder} removed")
        if apply:
            shutil.rmtree(folder)


def _move_configuration(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Other projects' URLs and keys may be in it: root can read it among the backups."""
    folder = request["config_dir"]
    if not os.path.isdir(folder):
        return
    kept = f"{request['backups']}/config-{time.strftime('%Y%m%dT%H%M%S')}"
    report.change(f"{folder} moved to {request['backups']}")
    if apply:
        os.makedirs(request["backups"], mode=0o700, exist_ok=True)
        shutil.move(folder, kept)
        os.chmod(kept, 0o700)
        report.facts["configuration"] = kept


def _remove_server(request: dict[str, Any], report: Report, apply: bool) -> None:
    """The command, the virtual environments, the account, the downloads: nothing that anybody wrote by hand."""
    command, folder = request["command"], request["install_dir"]
    if os.path.islink(command) and os.readlink(command).startswith(f"{folder}/"):
        report.change(f"{command} removed")
        if apply:
            os.unlink(command)
    ours = [p for pattern in ("venvs", "current", "pgsql", "smoke-*.json") for p in Path(folder).glob(pattern)]
    if ours:
        report.change(f"server removed from {folder}")
        if apply:
            for path in ours:
                _remove(path)
            if not os.listdir(folder):
                os.rmdir(folder)
    if request["owner"] and run(["id", "-u", request["owner"]]).returncode == 0:
        report.change(f"system user {request['owner']} removed")
        if apply:
            must(["userdel", request["owner"]], f"user {request['owner']} cannot be removed")
    for rest in (request["cache"], request["state"]):
        if os.path.isdir(rest):
            report.change(f"{rest} removed")
            if apply:
                shutil.rmtree(rest)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
