"""Run a program; when it fails, say which and show what it said."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from .needs import SEARCH


class CommandError(Exception):
    """A program of the bed ended with an error; the text holds the command and the end of its output."""


def run(
    *argv: str | Path,
    input: str | None = None,  # noqa: A002 - the name that subprocess gives it
    check: bool = True,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `argv` to its end and capture its output; raises CommandError when it fails and `check` is set.

    `timeout` is in seconds; subprocess.TimeoutExpired passes through.
    """
    done = subprocess.run(
        [str(a) for a in argv],
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        env={**os.environ, "PATH": SEARCH},
        check=False,
    )
    if check and done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise CommandError(f"exit {done.returncode}: {shlex.join(done.args)}\n{said}")
    return done


def contained(*argv: str | Path) -> list[str]:
    """`argv` in mount and process namespaces of its own that end with this process, however it ends.

    Nothing that it mounts is seen outside, and a killed build leaves no process behind.
    """
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--propagation", "private", "--pid", "--kill-child", "--mount-proc", "--"),
        *(str(a) for a in argv),
    ]
