"""Files of any size to a host and from it: over the standard streams of a command, never through /tmp.

pyinfra's own transfers put a file into /tmp first where sudo is needed, and take standard input as text.
"""

from __future__ import annotations

import subprocess
from typing import IO, Any

from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.connectors.local import LocalConnector
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import make_unix_command_for_host

BLOCK = 1 << 20
_NOT_OF_THE_COMMAND = ("_get_pty", "_timeout", "_stdin", "_success_exit_codes")


def send(host: Host, command: StringCommand, arguments: dict[str, Any], file: IO[bytes]) -> tuple[int, str]:
    """Run a command that reads `file`; its exit status and what it said."""
    line = _line(host, command, arguments)
    if isinstance(host.connector, LocalConnector):
        done = subprocess.run(line, shell=True, stdin=file, capture_output=True, check=False)  # noqa: S602
        return done.returncode, _text(done.stdout + done.stderr)
    stdin, stdout, stderr = _ssh(host).exec_command(line)
    try:
        while block := file.read(BLOCK):
            stdin.channel.sendall(block)
    except OSError:  # it ended without reading all: what it said tells why
        pass
    stdin.channel.shutdown_write()
    said = stdout.read() + stderr.read()
    return stdout.channel.recv_exit_status(), _text(said)


def receive(host: Host, command: StringCommand, arguments: dict[str, Any], file: IO[bytes]) -> tuple[int, str]:
    """Write what a command prints to `file`; its exit status and what it said on its error stream."""
    line = _line(host, command, arguments)
    if isinstance(host.connector, LocalConnector):
        done = subprocess.run(line, shell=True, stdout=file, stderr=subprocess.PIPE, check=False)  # noqa: S602
        return done.returncode, _text(done.stderr)
    _, stdout, stderr = _ssh(host).exec_command(line)
    while block := stdout.read(BLOCK):
        file.write(block)
    return stdout.channel.recv_exit_status(), _text(stderr.read())


def _line(host: Host, command: StringCommand, arguments: dict[str, Any]) -> str:
    given = {name: value for name, value in arguments.items() if name not in _NOT_OF_THE_COMMAND}
    return str(make_unix_command_for_host(host.state, host, command, **given).get_raw_value())


def _ssh(host: Host) -> Any:
    if not isinstance(host.connector, SSHConnector) or host.connector.client is None:
        raise PyinfraError(f"{host.name}: bundles travel over SSH, or stay on this machine (@local)")
    return host.connector.client


def _text(said: bytes) -> str:
    return said.decode(errors="replace").strip()
