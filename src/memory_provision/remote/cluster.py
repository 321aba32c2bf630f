"""The cluster: there, configured, running, started again at boot."""

from __future__ import annotations

import os
import time
from typing import Any

from memory_provision.remote.base import (
    Report,
    Rights,
    Trouble,
    must,
    read_text,
    run,
    sync_directory,
    sync_file,
)
from memory_provision.remote.psql import ADMINISTRATOR, Psql, literal

READABLE = Rights(0o644, ADMINISTRATOR, ADMINISTRATOR)
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
    """Request: major, cluster, port, bindir, conf_dir, unit, systemd, manage, settings (text), database."""
    data = _data_directory(request)
    if not _created(request, data, report, apply):
        return
    psql = Psql(request["bindir"], _running_port(data) or request["port"])
    running = psql.ready()
    state = _state(psql, request) if running else {}
    managed = _managed(request, state, report)
    if running and not managed and psql.port != request["port"]:
        raise Trouble(
            f"cluster {_label(request)} listens on port {psql.port}, not on {request['port']}",
            "its settings are not ours to change: " + report.facts.get("unmanaged", "manage_cluster=never"),
            f"use --data postgres_port={psql.port}, or --data manage_cluster=always",
        )
    written_at = _configure(request, report, apply) if managed else 0.0
    _start_at_boot(request, report, apply)
    if not running:
        report.change(f"cluster {_label(request)} started")
        if apply:
            psql = _start(request)
    elif written_at > state["loaded_at"]:
        report.change("settings loaded")
        if apply:
            psql.execute("SELECT pg_reload_conf();")
            _wait_for_load(psql, request, written_at)
    if apply or running:
        _finish(request, report, apply, psql, managed)


def _label(request: dict[str, Any]) -> str:
    return f"{request['major']}/{request['cluster']}"


def _state(psql: Psql, request: dict[str, Any]) -> dict[str, Any]:
    return dict(psql.json(STATE % {"database": literal(request["database"])}))


def _created(request: dict[str, Any], data: str, report: Report, apply: bool) -> bool:
    """Make the cluster when there is none or its initdb was cut off. False: there is nothing to look at yet."""
    if not os.path.exists(f"{request['bindir']}/postgres"):
        report.change(f"cluster {_label(request)} made and started")
        return False
    if os.path.exists(f"{request['conf_dir']}/postgresql.conf") and os.path.exists(f"{data}/global/pg_control"):
        return True
    report.change(f"cluster {_label(request)} made")
    if not apply:
        return False
    _set_aside(request, data)
    must(
        ["pg_createcluster", str(request["major"]), request["cluster"], "-p", str(request["port"]), "--",
         "--auth-local=peer", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"],
        f"cluster {_label(request)} could not be made",
        f"pg_createcluster {request['major']} {request['cluster']} shows the same by hand",
    )  # fmt: skip
    return True


def _data_directory(request: dict[str, Any]) -> str:
    listed = run(["pg_lsclusters", "-h"]).stdout if os.path.exists("/usr/bin/pg_lsclusters") else ""
    for line in listed.splitlines():
        bits = line.split()
        if bits[:2] == [str(request["major"]), request["cluster"]]:
            return bits[5]
    return f"/var/lib/postgresql/{request['major']}/{request['cluster']}"


def _set_aside(request: dict[str, Any], data: str) -> None:
    """What an interrupted initdb left is moved, never deleted: whoever knows better can move it back."""
    stamp = time.strftime("%Y%m%dT%H%M%S")
    for path in (data, request["conf_dir"]):
        if os.path.isdir(path) and os.listdir(path):
            aside = f"/var/lib/postgresql/set-aside-{request['major']}-{request['cluster']}-{stamp}"
            os.makedirs(aside, mode=0o700, exist_ok=True)
            os.rename(path, f"{aside}/{'data' if path == data else 'conf'}")


def _managed(request: dict[str, Any], state: dict[str, Any], report: Report) -> bool:
    """May our file of settings be there? With `auto`, not in a cluster that serves other databases as well."""
    ours = os.path.exists(f"{request['conf_dir']}/conf.d/memory-mcp.conf")
    if request["manage"] != "auto" or ours or not state.get("others"):
        return bool(request["manage"] != "never")
    report.facts["unmanaged"] = f"it also serves {', '.join(state['others'])}"
    return False


def _configure(request: dict[str, Any], report: Report, apply: bool) -> float:
    """Our file under conf.d and the line that reads it; when it was written, in seconds since the epoch."""
    folder, main = f"{request['conf_dir']}/conf.d", f"{request['conf_dir']}/postgresql.conf"
    path = f"{folder}/memory-mcp.conf"
    sync_directory(report, apply, folder, Rights(0o755, ADMINISTRATOR, ADMINISTRATOR))
    sync_file(report, apply, path, request["settings"], READABLE)
    text = read_text(main) or ""
    if not any(
        line.split("#")[0].replace(" ", "").startswith("include_dir='conf.d'") for line in text.splitlines()
    ):
        sync_file(report, apply, main, text.rstrip("\n") + "\ninclude_dir = 'conf.d'\n", READABLE)  # fmt: skip
    return max((os.stat(p).st_mtime for p in (path, main) if os.path.exists(p)), default=0.0)


def _start_at_boot(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Debian starts the clusters whose start.conf says auto, by way of postgresql.service."""
    path = f"{request['conf_dir']}/start.conf"
    text = read_text(path)
    words = [line.split("#")[0].strip() for line in (text or "").splitlines()]
    if text is not None and "auto" not in words:
        kept = "\n".join(
            line for line in text.splitlines() if line.split("#")[0].strip() not in ("manual", "disabled")
        )
        sync_file(report, apply, path, kept.rstrip("\n") + "\nauto\n", READABLE)
    if not request["systemd"]:
        return
    if run(["systemctl", "is-enabled", "--quiet", "postgresql"]).returncode != 0:
        report.change("postgresql enabled at boot")
        if apply:
            must(["systemctl", "enable", "--quiet", "postgresql"], "postgresql could not be enabled")


def _running_port(data: str) -> int | None:
    """Where the server listens now, whatever its files say: line 4 of postmaster.pid (pidfile.h)."""
    lines = (read_text(f"{data}/postmaster.pid") or "").splitlines()
    return int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else None


def _start(request: dict[str, Any]) -> Psql:
    psql = Psql(request["bindir"], request["port"])
    if request["systemd"]:
        run(["systemctl", "reset-failed", request["unit"]])
        # The generator has to see a cluster that was made a moment ago, else there is no such unit to enable.
        run(["systemctl", "daemon-reload"])
        done = run(["systemctl", "start", request["unit"]])
    else:
        done = run(["pg_ctlcluster", str(request["major"]), request["cluster"], "start"])
    if not _wait(psql, 60):
        raise Trouble(
            f"cluster {_label(request)} does not start on port {request['port']}",
            "; ".join([*done.stderr.splitlines()[-2:], *_log_tail(request)]) or f"exit {done.returncode}",
            f"read {_log(request)}, mend it, run again",
        )
    return psql


def _log(request: dict[str, Any]) -> str:
    return f"/var/log/postgresql/postgresql-{request['major']}-{request['cluster']}.log"


def _log_tail(request: dict[str, Any]) -> list[str]:
    text = read_text(_log(request)) or ""
    return [line for line in text.splitlines()[-40:] if "FATAL" in line or "PANIC" in line or "HINT" in line][
        -3:
    ]


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


def _finish(request: dict[str, Any], report: Report, apply: bool, psql: Psql, managed: bool) -> None:
    """Restart when a setting waits for it; refuse settings the server cannot read; tell what is running."""
    state = _state(psql, request)
    if managed and state["errors"]:
        raise Trouble(
            "PostgreSQL cannot use its configuration",
            "; ".join(state["errors"]),
            "correct postgres_settings, run again",
        )
    if managed and state["pending_restart"]:
        report.change(f"cluster restarted for {', '.join(state['pending_restart'])}")
        if apply:
            psql = _restart(request)
            state = _state(psql, request)
    if state["listen_addresses"] not in ("localhost", "127.0.0.1", ""):
        report.warn(f"PostgreSQL listens on {state['listen_addresses']}, not on localhost only (left as it is)")
    report.facts |= {k: state[k] for k in ("version", "version_num", "listen_addresses")}


def _restart(request: dict[str, Any]) -> Psql:
    psql = Psql(request["bindir"], request["port"])
    if request["systemd"]:
        must(["systemctl", "restart", request["unit"]], f"{request['unit']} does not restart")
    else:
        must(
            ["pg_ctlcluster", str(request["major"]), request["cluster"], "restart"],
            "the cluster does not restart",
        )
    if not _wait(psql, 60):
        raise Trouble(
            "the cluster does not answer after its restart", "; ".join(_log_tail(request)), "read its log"
        )
    return psql
