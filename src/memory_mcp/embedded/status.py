"""Looking at the server of a directory; nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from memory_mcp.embedded import conf, port, postmaster
from memory_mcp.embedded.directory import Cluster, Directory
from memory_mcp.embedded.postmaster import Postmaster
from memory_mcp.embedded.programs import Programs


@dataclass(frozen=True)
class Status:
    """`state` is absent, stopped, starting (also: recovering, stopping), running; `todo` is left to start."""

    state: str
    cluster: Cluster | None = None
    running: Postmaster | None = None
    port: int | None = None
    todo: Sequence[str] = field(default=())


def look(directory: Directory, programs: Programs | None) -> Status:
    """What runs comes first, else the data of the programs' major, else the newest."""
    number = port.kept(directory.port_file)
    clusters = directory.clusters()
    for cluster in clusters:
        found = postmaster.running(cluster.data)
        if found:
            why = restart(found, cluster, programs, number or found.port) if programs else ""
            todo = [f"restarted: {why}"] if why else []
            return Status("running" if found.ready else "starting", cluster, found, found.port, todo)
    if not clusters:
        return Status("absent", port=number, todo=["cluster made", "started"])
    mine = [cluster for cluster in clusters if programs and cluster.major == programs.major]
    return Status("stopped", (mine or clusters)[-1], None, number, ["started"])


def restart(found: Postmaster | None, cluster: Cluster, programs: Programs, number: int) -> str:
    """Why a running server has to be started again; empty when it has not to."""
    if found is None:
        return ""
    if found.port != number:
        return f"port {found.port} → {number}"
    if found.programs is not None and found.programs.resolve() != programs.folder.resolve():
        return f"now with the programs of {programs.version} in {programs.folder}"
    return "other settings" if _other_settings(found, cluster, number) else ""


def _other_settings(found: Postmaster, cluster: Cluster, number: int) -> bool:
    """Is our file other than we would write it, or was it written after the server had read it?"""
    path = cluster.data / conf.OURS
    try:
        return (
            path.read_text(encoding="utf-8") != conf.settings(number)
            or path.stat().st_mtime >= found.started + 1
        )
    except OSError:
        return True
