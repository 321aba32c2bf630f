"""Removing the packages that this toolkit installed, and no others."""

from __future__ import annotations

import os
import re
import shutil
from typing import Any

from memory_provision.remote.base import must, read_text, run

# What a server consists of; the rest (Python, CAs, a compiler) is of use to others by now and is only handed
# over to the package manager, which removes what nothing needs when its operator says so.
_SERVER = re.compile(r"postgresql|pgvector")


def recorded(request: dict[str, Any]) -> list[str]:
    """Packages of the server that apt.sh or dnf.sh installed and that are still there."""
    return [name for name in _all(request) if _SERVER.search(name) and _installed(request, name)]


def _all(request: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys((read_text(f"{request['state']}/packages") or "").split()))


def _installed(request: dict[str, Any], name: str) -> bool:
    if request["packages"] == "dnf":
        return run(["rpm", "-q", name]).returncode == 0
    return run(["dpkg-query", "-W", "-f", "${db:Status-Status}", name]).stdout == "installed"


def remove(request: dict[str, Any], names: list[str]) -> None:
    """Stop the cluster, remove the packages (with `purge` the data as well), then what we added around them."""
    _stop(request)
    others = [name for name in _all(request) if name not in names and _installed(request, name)]
    if request["packages"] == "dnf":
        must(["dnf", "-q", "-y", "remove", *names], "packages cannot be removed")
        if others:
            run(["dnf", "-q", "-y", "mark", "remove", *others])
    else:
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        must(["apt-get", "-q", "-y", "remove", *names], "packages cannot be removed", env=quiet)
        if others:
            run(["apt-mark", "auto", *others])
    if request["purge"]:
        for folder in (request["data"], request["conf"]):
            shutil.rmtree(folder, ignore_errors=True)
    for path in [*_compiled(request), *request["files"]]:
        if os.path.exists(path):
            os.unlink(path)


def _stop(request: dict[str, Any]) -> None:
    if request["systemd"]:
        run(["systemctl", "disable", "--now", request["unit"]])
    elif request["packages"] == "apt":
        run(["pg_ctlcluster", str(request["major"]), request["cluster"], "stop"])
    else:
        run([f"{request['bindir']}/pg_ctl", "stop", "-D", request["data"]], user="postgres")


def _compiled(request: dict[str, Any]) -> list[str]:
    """The files of a pgvector that was compiled here: no package owns them."""
    return (read_text(f"{request['state']}/pgvector") or "").splitlines()
