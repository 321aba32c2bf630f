"""The cluster: there, configured, running, started again at boot."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from memory_provision.remote.base import Report, Rights, Trouble, read_text, sync_directory, sync_file
from memory_provision.remote.layout import Layout, label
from memory_provision.remote.layout_brew import AppLayout, BrewLayout
from memory_provision.remote.layout_debian import DebianLayout
from memory_provision.remote.layout_embedded import EmbeddedLayout
from memory_provision.remote.layout_pgdata import PgdataLayout
from memory_provision.remote.psql import Psql, administrator, literal

LAYOUTS: dict[str, Callable[[dict[str, Any]], Layout]] = {
    "debian": DebianLayout,
    "pgdata": PgdataLayout,
    "embedded": EmbeddedLayout,
    "brew": BrewLayout,
    "app": AppLayout,
}
STATE = """
SELECT json_build_object(
  'version', current_setting('server_version'),
  'version_num', current_setting('server_version_num')::int,
  'listen_addresses', current_setting('listen_addresses'),
  'password_encryption', current_setting('password_encryption'),
  'loaded_at', extract(epoch FROM pg_conf_load_time()),
  'pending_restart', (SELECT coalesce(json_agg(name), '[]') FROM pg_settings WHERE pending_restart),
  'errors', (SELECT coalesce(json_agg(sourcefile || ':' || sourceline || ': ' || error), '[]')
             FROM pg_file_settings f WHERE error IS NOT NULL
             AND NOT EXISTS (SELECT FROM pg_settings s WHERE s.name = f.name AND s.pending_restart)),
  'others', (SELECT coalesce(json_agg(datname), '[]') FROM pg_database
             WHERE NOT datistemplate AND datname NOT IN ('postgres', %(database)s)))
"""


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: layout, major, cluster, port, bindir, data, conf, unit, systemd, enforcing (SELinux), admin,
    manage, settings (text), database.
    """
    layout = LAYOUTS[request["layout"]](request)
    if not _created(request, layout, report, apply):
        return
    layout.prepare(report, apply)
    psql = administrator(request, _running_port(layout))
    running = psql.ready()
    state = _state(psql, request) if running else {}
    managed = _managed(request, layout, state, report)
    if running and not managed and psql.port != request["port"]:
        raise Trouble(
            f"cluster {label(request)} listens on port {psql.port}, not on {request['port']}",
            "its settings are not ours to change: " + report.facts.get("unmanaged", "manage_cluster=never"),
            f"use --data postgres_port={psql.port}, or --data manage_cluster=always",
        )
    written_at = _configure(request, layout, report, apply) if managed else 0.0
    layout.start_at_boot(report, apply)
    if not running:
        report.change(f"cluster {label(request)} started")
        if apply:
            psql = _start(request, layout)
    elif written_at > state["loaded_at"]:
        report.change("settings loaded")
        if apply:
            psql.execute("SELECT pg_reload_conf();")
            _wait_for_load(psql, request, written_at)
    if apply or running:
        state = _settled(request, layout, report, psql, apply) if managed else _state(psql, request)
        _tell(report, state)


def _state(psql: Psql, request: dict[str, Any]) -> dict[str, Any]:
    return dict(psql.json(STATE % {"database": literal(request["database"])}))


def _created(request: dict[str, Any], layout: Layout, report: Report, apply: bool) -> bool:
    """Make the cluster when there is none or its initdb was cut off. False: there is nothing to look at yet."""
    if not os.path.exists(f"{request['bindir']}/postgres"):
        report.change(f"cluster {label(request)} made and started")
        return False
    if os.path.exists(f"{layout.conf}/postgresql.conf") and _whole(layout.data):
        return True
    report.change(f"cluster {label(request)} made")
    if not apply:
        return False
    layout.create()
    return True


def _whole(data: str) -> bool:
    """Did initdb come to its end? Database postgres (OID 5 since PostgreSQL 15) is the last that it makes;
    postmaster.opts says that a server has run, whatever somebody dropped since.
    """
    has = [os.path.exists(f"{data}/{name}") for name in ("global/pg_control", "base/5", "postmaster.opts")]
    return has[0] and (has[1] or has[2])


def _managed(request: dict[str, Any], layout: Layout, state: dict[str, Any], report: Report) -> bool:
    """May our file of settings be there? With `auto`, not in a cluster that serves other databases as well."""
    ours = os.path.exists(f"{layout.conf}/conf.d/memory-mcp.conf")
    if request["manage"] != "auto" or ours or not state.get("others"):
        return bool(request["manage"] != "never")
    report.facts["unmanaged"] = f"it also serves {', '.join(state['others'])}"
    return False


def _configure(request: dict[str, Any], layout: Layout, report: Report, apply: bool) -> float:
    """Our file under conf.d and the line that reads it; when it was written, in seconds since the epoch."""
    folder, main = f"{layout.conf}/conf.d", f"{layout.conf}/postgresql.conf"
    path = f"{folder}/memory-mcp.conf"
    owner = request["admin"]["user"] or "root"  # without root everything is ours anyway
    # where the settings lie among the data, nobody else may read them
    private = layout.conf == layout.data
    rights = Rights(0o600 if private else 0o644, owner, owner)
    sync_directory(report, apply, folder, Rights(0o700 if private else 0o755, owner, owner))
    sync_file(report, apply, path, request["settings"], rights)
    text = read_text(main) or ""
    if not any(
        line.split("#")[0].replace(" ", "").startswith("include_dir='conf.d'") for line in text.splitlines()
    ):
        sync_file(report, apply, main, text.rstrip("\n") + "\ninclude_dir = 'conf.d'\n", rights)
    return max((os.stat(p).st_mtime for p in (path, main) if os.path.exists(p)), default=0.0)


def _running_port(layout: Layout) -> int | None:
    """Where the server listens now, whatever its files say: line 4 of postmaster.pid (pidfile.h)."""
    lines = (read_text(f"{layout.data}/postmaster.pid") or "").splitlines()
    return int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else None


def _start(request: dict[str, Any], layout: Layout) -> Psql:
    psql, done = administrator(request), layout.start()
    if not _wait(psql, 60):
        raise Trouble(
            f"cluster {label(request)} does not start on port {request['port']}",
            "; ".join([*done.stderr.splitlines()[-2:], *_last_words(layout)]) or f"exit {done.returncode}",
            f"read {layout.log()}, mend it, run again",
        )
    return psql


def _last_words(layout: Layout) -> list[str]:
    return [line for line in layout.log_lines() if "FATAL" in line or "PANIC" in line or "HINT" in line][-3:]


def _wait(psql: Psql, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not psql.ready():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _wait_for_load(psql: Psql, request: dict[str, Any], written_at: float) -> None:
    """A reload is a signal: wait until the server says that it has read the files."""
    until = time.monotonic() + 10
    while _state(psql, request)["loaded_at"] < written_at and time.monotonic() < until:
        time.sleep(0.05)


def _settled(
    request: dict[str, Any], layout: Layout, report: Report, psql: Psql, apply: bool
) -> dict[str, Any]:
    """Restart when a setting waits for it; refuse settings that the server cannot read."""
    state = _state(psql, request)
    if state["errors"]:
        raise Trouble(
            "PostgreSQL cannot use its configuration",
            "; ".join(state["errors"]),
            "correct postgres_settings, run again",
        )
    if state["pending_restart"]:
        report.change(f"cluster restarted for {', '.join(state['pending_restart'])}")
        if apply:
            return _state(_restart(request, layout), request)
    return state


def _tell(report: Report, state: dict[str, Any]) -> None:
    """What is running."""
    if state["listen_addresses"] not in ("localhost", "127.0.0.1", ""):
        report.warn(f"PostgreSQL listens on {state['listen_addresses']}, not on localhost only (left as it is)")
    report.facts |= {k: state[k] for k in ("version", "version_num", "listen_addresses")}


def _restart(request: dict[str, Any], layout: Layout) -> Psql:
    psql, done = administrator(request), layout.restart()
    if done.returncode != 0 or not _wait(psql, 60):
        raise Trouble(
            f"cluster {label(request)} does not answer after its restart",
            "; ".join([*done.stderr.splitlines()[-2:], *_last_words(layout)]) or f"exit {done.returncode}",
            f"read {layout.log()}, mend it, run again",
        )
    return psql
