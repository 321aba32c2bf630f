"""A bundle to a host, where it is unpacked and verified; a file of a host to the controller."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from pyinfra.api.command import PyinfraCommand, QuoteString, StringCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import host

from memory_provision import facts, stream
from memory_provision.bundle import Bundle, file_sha256
from memory_provision.commands import refuse
from memory_provision.manifest import SUMS
from memory_provision.report import Report

# Reads the tar. The folder's name is its hash, and it is renamed when everything in it was verified; older
# bundles, and pieces of a run that was cut off, go. Minimal systems have no tar, but a Python, for their dnf.
UNPACK = f"""
set -e; umask 022
room=$1; bundles=$(dirname "$room"); new=$room.new.$$
mkdir -p "$bundles"
exec 9>>/run/lock/memory-mcp.lock; flock -w 900 9
rm -rf "$room".new.*; mkdir "$new"; cd "$new"
trap 'cd /; rm -rf "$new"' EXIT
if command -v tar >/dev/null; then tar --no-same-owner -xf -
else
  for p in /usr/bin/python3 /usr/libexec/platform-python; do [ ! -x $p ] || python=$p; done
  $python -c 'import sys, tarfile; tarfile.open(fileobj=sys.stdin.buffer, mode="r|").extractall()'
fi
sha256sum --quiet --strict -c {SUMS}
sed -i "s#@BUNDLE@#$room#g" etc/*; mkdir -p lists/partial
sync -f .; cd /
rm -rf "$room"; mv "$new" "$room"
for other in "$bundles"/*; do [ "$other" = "$room" ] || rm -rf "$other"; done
"""


@operation()
def upload(bundle: Bundle, room: str) -> Generator[PyinfraCommand, None, None]:
    """Have a bundle on the host, unpacked.

    + bundle: the verified tar on the controller
    + room: folder on the host
    """
    if host.get_fact(facts.FileThere, path=f"{room}/{SUMS}"):
        host.noop("bundle: there already")
        return
    if not host.state.is_executing:
        host.log(f"  would be: {bundle.name} ({_mib(bundle.size)}) unpacked in {room}")
    yield Send(bundle, room)


@operation()
def download(made: Callable[[], dict[str, Any]], target: Path) -> Generator[PyinfraCommand, None, None]:
    """Have a file of the host on the controller.

    + made: path, sha256 and size of the file, known once an earlier step has run
    + target: file on the controller
    """
    facts_of_it = made()
    if facts_of_it and target.is_file() and file_sha256(target) == facts_of_it["sha256"]:
        host.noop("bundle: the file on this machine is the same")
        return
    if not host.state.is_executing:
        host.log(f"  would be: {target} written on this machine")
    yield Receive(made, target)


class Send(PyinfraCommand):
    """Streams a bundle to its folder."""

    def __init__(self, bundle: Bundle, room: str) -> None:
        super().__init__()
        self.bundle, self.room = bundle, room

    def __repr__(self) -> str:
        return f"Send({self.bundle.path} to {self.room})"

    def execute(self, _state: Any, host: Host, connector_arguments: Any) -> bool:
        """Do it; says in words what went wrong."""
        command = StringCommand("sh", "-c", QuoteString(UNPACK), "sh", QuoteString(self.room))
        with self.bundle.path.open("rb") as file:
            status, said = stream.send(host, command, connector_arguments, file)
        if status == 0:
            host.log(f"  {self.bundle.name} ({_mib(self.bundle.size)}) unpacked in {self.room}")
            return True
        why = "; ".join(said.splitlines()[-3:]) or f"exit {status} without a word"
        refuse(host, Report(trouble=(f"{self.bundle.name} cannot be unpacked", why, "")).trouble_lines())
        return False


class Receive(PyinfraCommand):
    """Streams a file of the host to a file here: written beside, verified, renamed."""

    def __init__(self, made: Callable[[], dict[str, Any]], target: Path) -> None:
        super().__init__()
        self.made, self.target = made, target

    def __repr__(self) -> str:
        return f"Receive({self.target})"

    def execute(self, _state: Any, host: Host, connector_arguments: Any) -> bool:
        """Do it; says in words what went wrong."""
        made = self.made()
        command = StringCommand("cat", QuoteString(made["path"]))
        self.target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{self.target.name}.", dir=self.target.parent)
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                status, said = stream.receive(host, command, connector_arguments, file)
                os.fsync(file.fileno())
            if status != 0 or file_sha256(beside) != made["sha256"]:
                why = said or "what arrived is not what was sent"
                refuse(host, Report(trouble=("the bundle cannot be fetched", why, "")).trouble_lines())
                return False
            beside.replace(self.target)
        finally:
            beside.unlink(missing_ok=True)
        host.log(f"  {self.target} written ({_mib(made['size'])})")
        return True


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
