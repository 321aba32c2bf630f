"""Making a cluster: whole or not at all."""

from __future__ import annotations

import secrets
import subprocess
import time
from pathlib import Path

from memory_mcp.embedded import conf, files
from memory_mcp.embedded.directory import Cluster
from memory_mcp.embedded.programs import Programs, environment
from memory_mcp.errors import MemoryMcpError, RefusedError

ADMINISTRATOR = "postgres"
_FIRST_WITH_BUILTIN_LOCALE = 17


def create(cluster: Cluster, programs: Programs) -> Path | None:
    """Make the data directory; returns the folder that an interrupted attempt was moved to.

    initdb works beside the final place, which appears by one rename after the configuration is written: a
    cluster that can be seen never trusts anybody. The administrator's password is kept first, so that no
    interruption leaves a cluster whose password nobody knows. Raises MemoryMcpError, or RefusedError when
    something else is in the place.
    """
    files.private_folder(cluster.folder)
    aside = _set_aside(cluster)
    password = secrets.token_urlsafe(24)
    files.write(cluster.passfile, f"127.0.0.1:*:*:{ADMINISTRATOR}:{password}\n")
    _run(cluster, programs, password)
    files.write(cluster.unfinished / "pg_hba.conf", conf.HBA)
    (cluster.unfinished / "conf.d").mkdir(mode=0o700)
    main = cluster.unfinished / "postgresql.conf"
    files.write(main, conf.with_include(main.read_text(encoding="utf-8")))
    cluster.unfinished.replace(cluster.data)
    files.sync(cluster.folder)
    return aside


def _set_aside(cluster: Cluster) -> Path | None:
    """What an interrupted initdb left is moved, never deleted; an empty folder is in nobody's way."""
    if cluster.data.exists():
        try:
            cluster.data.rmdir()
        except OSError:
            raise RefusedError(
                f"{cluster.data} is no data directory of PostgreSQL, and not empty",
                "it has no PG_VERSION; writing into it could destroy something",
                f"look at it, then move it away: mv '{cluster.data}' '{cluster.data}.old'",
            ) from None
    if not cluster.unfinished.exists():
        return None
    aside = cluster.folder / f"set-aside-{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(2)}"
    cluster.unfinished.replace(aside)
    return aside


def _run(cluster: Cluster, programs: Programs, password: str) -> None:
    word = cluster.folder / "initdb.password"
    files.write(word, password + "\n")
    options = ["--auth=scram-sha-256", f"--username={ADMINISTRATOR}", f"--pwfile={word}", "--no-instructions"]
    options += ["--encoding=UTF8", "--locale=C", "--data-checksums"]
    if programs.major >= _FIRST_WITH_BUILTIN_LOCALE:
        # PostgreSQL's own rules for letters: the same on every system, whatever its libc becomes
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    try:
        done = subprocess.run(
            [programs.path("initdb"), "-D", cluster.unfinished, *options],
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise _failed(cluster, str(error.strerror)) from None
    finally:
        word.unlink(missing_ok=True)
    if done.returncode:
        lines = done.stderr.splitlines()
        said = [line for line in lines if "error:" in line or "FATAL:" in line] or lines
        raise _failed(cluster, "; ".join(said[-2:]) or f"initdb ended with {done.returncode}")


def _failed(cluster: Cluster, why: str) -> MemoryMcpError:
    return MemoryMcpError(
        "the embedded server's data directory cannot be made",
        why,
        f"mend that (is there room? df -h '{cluster.folder}'), then run the same command again",
    )
