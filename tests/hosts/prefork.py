"""pyinfra without its start: a process that has imported it and what the deploys need waits, and each run is
forked from it.

Importing takes half of the CPU of a run that has nothing to do, and the tests make two hundred runs. What is
forked calls pyinfra's own entry point with the command line, the environment and the folder of the run. The
commands of the documents' pages are run as they are printed (test_main_job.py, test_offline.py,
test_docs_laptop.py).
"""

from __future__ import annotations

import _socket
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO

RIGHTS = socket.CMSG_SPACE(3 * 4)  # of three file descriptors
NUMBER = struct.Struct("=q")
NEEDED = ("memory_provision.deploys", "pyinfra.connectors.local", "pyinfra.connectors.ssh")


class Run:
    """A run that goes on, as a subprocess.Popen whose standard output and error are text.

    Without `output`, what it prints for machines goes nowhere.
    """

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: bool = True
    ) -> None:
        out, into_out = os.pipe() if output else _nowhere()
        err, into_err = os.pipe()
        self._report, into_report = os.pipe()
        request = json.dumps([list(arguments), str(folder), dict(environment)]).encode()
        socket.send_fds(_waiting(), [request], [into_out, into_err, into_report])
        for end in (into_out, into_err, into_report):
            os.close(end)
        self.stdout: IO[str] = os.fdopen(out)
        self.stderr: IO[str] = os.fdopen(err)
        self.returncode: int | None = None
        self.pid = self._read()

    def poll(self) -> int | None:
        """Its exit code when it has ended; minus the signal that killed it."""
        if self.returncode is None and select.select([self._report], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        if self.returncode is None:
            self.returncode = self._read()
            os.close(self._report)
        return self.returncode

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """No more output is wanted."""
        self.stdout.close()
        self.stderr.close()

    def _read(self) -> int:
        told = os.read(self._report, NUMBER.size)
        if not told:
            raise RuntimeError("the process that forks the runs of pyinfra has ended")
        return int(NUMBER.unpack(told)[0])


def _nowhere() -> tuple[int, int]:
    """As os.pipe; nothing ever comes out of it."""
    return os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_WRONLY)


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """A run to its end."""
    forked = Run(arguments, folder, environment)
    texts: dict[int, list[bytes]] = {forked.stdout.fileno(): [], forked.stderr.fileno(): []}
    waiting = dict(texts)
    while waiting:
        for end in select.select(list(waiting), [], [])[0]:
            if part := os.read(end, 1 << 16):
                waiting[end].append(part)
            else:
                del waiting[end]
    out, err = (b"".join(parts).decode() for parts in texts.values())
    forked.close()
    return subprocess.CompletedProcess(arguments, forked.wait(), out, err)


@cache
def _waiting() -> socket.socket:
    """A way to the process that waits: one for each worker of the tests; it ends when this end is closed."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        root = Path(__file__).parents[2]
        program = f"from {__name__} import serve; serve({its.fileno()})"
        subprocess.Popen([sys.executable, "-c", program], pass_fds=[its.fileno()], cwd=root)
    return ours


def serve(channel: int) -> None:
    """Import pyinfra and what a deploy imports, then fork one run after another."""
    from pyinfra_cli.main import main

    for needed in NEEDED:
        import_module(needed)
    _wait_for_runs(channel)
    sys.exit(main())


def _wait_for_runs(channel: int) -> None:
    """Returns in each run, when all is set for it."""
    # The originals: gevent's, which pyinfra puts in their place, would start its loop before the fork.
    from gevent.monkey import get_original

    fork, set_handler = get_original("os", "fork"), get_original("signal", "signal")
    requests = _socket.socket(fileno=channel)
    set_handler(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children here
    while True:
        text, rights, _, _ = requests.recvmsg(1 << 20, RIGHTS)
        if not text:
            os._exit(0)  # nobody can ask any more
        given = struct.unpack("=3i", rights[0][2])
        if fork() == 0:
            break
        for end in given:
            os.close(end)
    requests.close()
    set_handler(signal.SIGCHLD, signal.SIG_DFL)
    out, err, report = given
    if runner := fork():
        os.close(out)
        os.close(err)
        os.write(report, NUMBER.pack(runner))
        _, status = get_original("os", "waitpid")(runner, 0)
        os.write(report, NUMBER.pack(os.waitstatus_to_exitcode(status)))
        os._exit(0)
    arguments, folder, environment = json.loads(text)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for end in given:
        os.close(end)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = arguments
