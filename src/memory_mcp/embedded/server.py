"""Starting and stopping the server of a directory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memory_mcp.embedded import conf, files, initdb, lock, log, port, postmaster, status, versions
from memory_mcp.embedded.directory import Cluster, Directory
from memory_mcp.embedded.postmaster import Postmaster
from memory_mcp.embedded.programs import Programs, environment, program
from memory_mcp.errors import BusyError, ConfigurationError, MemoryMcpError, RefusedError

START_SECONDS = 120
"""After a power cut, the server replays at most max_wal_size (256 MB) of its log first."""
STOP_SECONDS = 60
LINGER_TRIES = 10


@dataclass(frozen=True)
class Done:
    """What a start changed, in words (nothing: it ran already), and what runs now."""

    changes: Sequence[str]
    cluster: Cluster
    running: Postmaster


def start(directory: Directory, programs: Programs, wanted: int | None = None, *, fresh: bool = False) -> Done:
    """Make the cluster when there is none, start it when it does not run, restart it for other programs or
    settings. `wanted` is a new port, `fresh` a new cluster beside one of another major.

    Raises RefusedError (root, another major), BusyError (lock, time) or MemoryMcpError with the cause.
    """
    refuse_root()
    _make(directory)
    with lock.held(directory.lock):
        majors = [cluster.major for cluster in directory.clusters()]
        versions.check(majors, programs.major, fresh=fresh, root=str(directory.root))
        cluster = directory.cluster(programs.major)
        changes = _stop_others(directory, cluster)
        if programs.major not in majors:
            aside = initdb.create(cluster, programs)
            changes += [f"what an interrupted attempt left was moved to {aside}"] if aside else []
            changes.append(f"cluster of PostgreSQL {programs.version} made in {cluster.data}")
        found = postmaster.running(cluster.data)
        number = _port(directory, wanted, found)
        _configure(cluster, number)
        why = status.restart(found, cluster, programs, number)
        if found and why:
            _stop(cluster, programs)
            changes.append(f"restarted: {why}")
        elif not found:
            changes.append(f"PostgreSQL {programs.version} started on port {number}")
        log.prune(cluster)
        running = _launch(cluster, programs) if why or not found else _ready(cluster)
        directory.stopped.unlink(missing_ok=True)
    return Done(changes, cluster, running)


def stop(directory: Directory, programs: Programs | None) -> list[Cluster]:
    """Stop whatever runs in the directory, in PostgreSQL's fast mode, and remember that the user wanted it so;
    returns what was stopped (nothing: none ran).
    """
    if not directory.root.is_dir():
        return []
    with lock.held(directory.lock):
        running = [cluster for cluster in directory.clusters() if postmaster.running(cluster.data)]
        for cluster in running:
            _stop(cluster, programs)
            log.prune(cluster)
        if directory.clusters():
            files.write(directory.stopped, "by memory-mcp embedded stop\n")
    return running


def refuse_root() -> None:
    """PostgreSQL does not run as root, and neither do its tools."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        raise RefusedError(
            "the embedded server does not run as root",
            "PostgreSQL refuses to, because a flaw in it would give away the whole machine",
            "run it as your own user; as root, install PostgreSQL properly: "
            "./run pyinfra -y inventories/dev.py deploys/postgres.py",
        )


def _make(directory: Directory) -> None:
    try:
        files.private_folder(directory.root)
        directory.lock.touch(mode=0o600)
    except OSError as error:
        raise ConfigurationError(
            f"{directory.root} cannot be used", str(error.strerror), "name a folder of yours with --directory"
        ) from None


def _stop_others(directory: Directory, cluster: Cluster) -> list[str]:
    """The old major's server holds the port: after a change of major, the new one takes its place."""
    others = [
        each for each in directory.clusters() if each.major != cluster.major and postmaster.running(each.data)
    ]
    for each in others:
        _stop(each, None)
    return [f"server of PostgreSQL {each.major} stopped" for each in others]


def _port(directory: Directory, wanted: int | None, found: Postmaster | None) -> int:
    number = wanted or port.kept(directory.port_file) or port.choose(str(directory.root))
    if not (found and found.port == number) and not port.free(number):
        raise MemoryMcpError(
            f"port {number} on 127.0.0.1 is taken by another program",
            "the embedded server cannot listen there; projects.json names the port that it was given once",
            "stop that program; or: memory-mcp embedded start --port ANOTHER, then run the deploy",
        )
    files.write(directory.port_file, f"{number}\n")
    return number


def _configure(cluster: Cluster, number: int) -> None:
    """Our settings, and the line that reads them."""
    ours = cluster.data / conf.OURS
    ours.parent.mkdir(mode=0o700, exist_ok=True)
    files.write(ours, conf.settings(number))
    main = cluster.data / "postgresql.conf"
    files.write(main, conf.with_include(main.read_text(encoding="utf-8")))


def _launch(cluster: Cluster, programs: Programs) -> Postmaster:
    left = postmaster.stale(cluster.data)
    if left:
        left.unlink()  # its pid is another program's now, so PostgreSQL itself would believe it
    before, begun = log.sizes(cluster), int(time.time())
    code = _pg_ctl_start(cluster, programs)
    for _ in range(LINGER_TRIES):
        if code == 0 or "still in use" not in log.cause(cluster, before):
            break
        time.sleep(1)  # a server that was killed: its last processes are about to notice
        before = log.sizes(cluster)
        code = _pg_ctl_start(cluster, programs)
    running = postmaster.wait(cluster.data, begun, START_SECONDS) if code == 0 else None
    if running:
        return running
    if postmaster.running(cluster.data):
        raise BusyError(
            f"the embedded server does not answer after {START_SECONDS} s",
            "it is still recovering",
            f"wait for it: memory-mcp embedded status; its log: {log.newest(cluster)}",
        )
    raise MemoryMcpError(
        "the embedded server does not start",
        log.cause(cluster, before) or f"pg_ctl ended with {code}",
        f"mend that, then run the same command again; its log: {log.newest(cluster)}",
    )


def _pg_ctl_start(cluster: Cluster, programs: Programs) -> int:
    cluster.start_log.touch(mode=0o600)
    with cluster.start_log.open("ab") as out:
        # not a pipe: the server would inherit it on Windows, and we would wait for its end
        return subprocess.run(
            [*_pg_ctl(programs.folder, cluster, "start", START_SECONDS), "-l", cluster.start_log],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=False,
        ).returncode


def _ready(cluster: Cluster) -> Postmaster:
    """It runs already; somebody may have started it a moment ago by other means."""
    until = time.monotonic() + START_SECONDS
    while True:
        found = postmaster.running(cluster.data)
        if found and found.ready:
            return found
        if not found or time.monotonic() > until:
            raise BusyError(
                "the embedded server is starting or stopping",
                f"{cluster.data / postmaster.PID_FILE} says so",
                "run the same command again",
            )
        time.sleep(0.1)


def _stop(cluster: Cluster, programs: Programs | None) -> None:
    """With the programs that it runs from, as long as they are there: a wheel may have been replaced."""
    found = postmaster.running(cluster.data)
    folders = (found.programs if found else None, programs.folder if programs else None)
    folder = next((each for each in folders if each and program(each, "pg_ctl").exists()), None)
    if folder is None:
        raise ConfigurationError(
            "there is no pg_ctl to stop the server with",
            "the programs that it was started from are gone",
            f"stop it by its process: kill -INT {found.pid if found else 'PID'}",
        )
    done = subprocess.run(
        [*_pg_ctl(folder, cluster, "stop", STOP_SECONDS), "-m", "fast"],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and postmaster.running(cluster.data):
        raise BusyError(
            f"the embedded server does not stop within {STOP_SECONDS} s",
            "; ".join(done.stderr.splitlines()[-2:]),
            "run the same command again",
        )


def _pg_ctl(folder: Path, cluster: Cluster, verb: str, seconds: int) -> list[str | Path]:
    return [program(folder, "pg_ctl"), verb, "-D", cluster.data, "-w", "-s", "-t", str(seconds)]
