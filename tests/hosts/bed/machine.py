"""A machine: systemd as PID 1 and sshd on a disk, an address and a cgroup of its own, made in half a second.

Its root is an overlay: the image (and layers over it) below, read-only and shared, and a disk of its own
above, which lives in memory and survives reboots and power cuts. It exists as a folder, so another process
can take it up again.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from os import kill
from pathlib import Path
from typing import Any

from . import archive, ca, resolver, wheels
from .cgroup import Cgroup
from .command import run
from .image import image
from .lab import Lab, mounts_below
from .port import Port

BOOT = Path(__file__).with_name("snippets") / "boot.sh"
# What systemd takes as orders when it is PID 1 (man 1 systemd, SIGNALS)
POWEROFF, REBOOT = signal.SIGRTMIN + 4, signal.SIGRTMIN + 5
Done = subprocess.CompletedProcess[str]
PATIENCE = 180.0  # seconds that booting or stopping may take on a busy box


@dataclass(frozen=True)
class Make:
    """What a machine is made of; `disk` is its writable size in tmpfs notation."""

    image: str
    host: int = 0
    disk: str = "4g"
    pgdg: bool = False
    github: bool = False
    systemd: bool = True  # False: nothing but sshd runs, as in a container
    index: bool = False  # pip and apt ask the lab's package server instead of the real index and archive
    wire: bool = False  # a link that fault.slow can slow down
    files: dict[str, str] = field(default_factory=dict)  # absolute path → text, there before the first boot
    layers: Sequence[str] = ()  # folders that lie over the image, the uppermost first


class Machine:
    """One machine of a lab, running or off."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab, self.name = lab, name
        self.folder = lab.folder / "machines" / name
        self.root, self.disk = self.folder / "root", self.folder / "disk"
        self.made = Make(**json.loads((self.folder / "machine.json").read_text()))
        self.port = Port(lab.network, self.made.host)
        self.ip = self.port.ip
        self.wire = self.folder / "wire.json"
        self.ssh_key = ca.ssh_key()
        self.cgroup = Cgroup(f"{lab.n}/{name}")
        self._boot: subprocess.Popen[bytes] | None = None  # only where this process booted it

    @classmethod
    def create(cls, lab: Lab, name: str, make: Make) -> Machine:
        """Make a machine and boot it; returns when one can log in. FileExistsError when the name is taken."""
        image(make.image)  # build it before anything is taken
        folder = lab.folder / "machines" / name
        folder.mkdir()
        make = Make(**{**asdict(make), "host": lab.take_host_number()})
        (folder / "machine.json").write_text(json.dumps(asdict(make)))
        machine = cls(lab, name)
        try:
            machine._furnish()
            machine.port.plug(machine.wire if make.wire else None)
            machine.start()
        except BaseException:
            machine.destroy()
            raise
        return machine

    def _furnish(self) -> None:
        """Mount its disk and write what only this machine has."""
        self.root.mkdir()
        self.disk.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={self.made.disk},mode=0755", self.port.name, self.disk)
        upper = self.disk / "upper"
        upper.mkdir()
        (self.disk / "work").mkdir()
        etc = {
            "/etc/hostname": f"{self.name}\n",
            "/etc/hosts": resolver.hosts(self.name, self.lab.network.gateway, self.made.pgdg, self.made.github),
            "/etc/resolv.conf": resolver.resolv_conf(),
            **(self._index() if self.made.index else {}),
        }
        for path, text in {**etc, **self.made.files}.items():
            target = upper / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        key = (image(self.made.image) / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
        (self.folder / "known_hosts").write_text(f"{self.ip} {key}")
        # StrictHostKeyChecking is for testinfra, which cannot be given a known_hosts file
        (self.folder / "ssh_config").write_text(
            f"Host *\n  HostName {self.ip}\n  IdentityFile {self.ssh_key}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.folder}/known_hosts\n  StrictHostKeyChecking no\n  LogLevel ERROR\n"
            "  ServerAliveInterval 5\n  ServerAliveCountMax 6\n"
        )

    def _index(self) -> dict[str, str]:
        return {"/etc/pip.conf": wheels.PIP_CONF, **archive.configuration(self.made.image)}

    # ---- power

    def start(self) -> None:
        """Boot it with the disk as it is; returns when one can log in."""
        if not self.root.is_mount():
            below = ":".join([*self.made.layers, str(image(self.made.image))])
            layers = f"lowerdir={below},upperdir={self.disk}/upper,workdir={self.disk}/work"
            run("mount", "-t", "overlay", self.port.name, "-o", layers, self.root)
        how = "--boot" if self.made.systemd else "--as-pid2"
        what = (
            () if self.made.systemd else ("sh", "-c", "mkdir -p /run/sshd /run/lock; exec /usr/sbin/sshd -D -e")
        )
        nspawn = (
            *("systemd-nspawn", "--quiet", how, f"--directory={self.root}", f"--machine={self.name}"),
            *(f"--hostname={self.name}", f"--network-namespace-path=/run/netns/{self.port.name}"),
            *("--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off", "--link-journal=no"),
            *("--console=read-only", *what),
        )
        with self.console.open("ab") as console:
            self._boot = subprocess.Popen(
                self.cgroup.entered("env", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1", "sh", BOOT, *nspawn),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._wait_until_open()

    def off(self) -> None:
        """Shut it down in good order."""
        kill(self.pid1(), POWEROFF)
        self._wait_for("shutting down", lambda: not self.running())
        self._reap()

    def power_cut(self) -> None:
        """Every process is gone at once; the disk keeps what was written to it."""
        self.cgroup.kill()
        self._reap()

    def reboot(self) -> None:
        """Restart it in good order; returns when one can log in again."""
        before = self.pid1()
        kill(before, REBOOT)
        self._wait_for("restarting", lambda: self.cgroup.first("payload/init.scope") not in {None, before})
        self._wait_until_open()

    def destroy(self) -> None:
        """Leave nothing of it."""
        self.cgroup.remove()
        self._reap()
        for mount in reversed(mounts_below(self.folder)):
            run("umount", "--lazy", mount)
        self.port.unplug()
        shutil.rmtree(self.folder)
        self.lab.give_back(self.made.host)

    def _reap(self) -> None:
        if self._boot:
            self._boot.wait()
            self._boot = None

    def running(self) -> bool:
        """Whether it has any process."""
        return bool(self.cgroup.processes())

    def pid1(self) -> int:
        """Its PID 1 as the box numbers it; RuntimeError when it is off."""
        pid = self.cgroup.first("payload/init.scope" if self.made.systemd else "payload")
        if pid is None:
            raise RuntimeError(f"{self.name} is off; its console: {self.console}")
        return pid

    @cached_property
    def console(self) -> Path:
        """What it printed on its console, over all its boots."""
        return self.folder / "console"

    # ---- ways in

    def run(
        self,
        command: str,
        input: str | None = None,  # noqa: A002
        check: bool = False,
    ) -> Done:
        """Run a shell command as root, without network and login, which cost as much CPU as all the rest of it.

        Nothing is raised for its exit code, or CommandError where `check` is set.
        """
        enter = ("nsenter", "-t", str(self.pid1()), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w")
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        home = ("env", "-i", "HOME=/root", path, "bash", "-c", f"cd\n{command}")
        return run(*enter, *home, input=input, check=check)

    def ssh(
        self,
        command: str,
        input: str | None = None,  # noqa: A002
        user: str = "root",
    ) -> Done:
        """Run a shell command over ssh; look at `returncode`, nothing is raised for it."""
        strict = ("-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
        return run(
            *("ssh", "-F", self.ssh_config, *strict, f"{user}@{self.ip}", command), input=input, check=False
        )

    @property
    def ssh_config(self) -> Path:
        """Options for ssh and testinfra: address, key, known host key."""
        return self.folder / "ssh_config"

    def testinfra(self, user: str = "root") -> Any:
        """A testinfra host over paramiko."""
        import testinfra  # type: ignore[import-untyped]

        return testinfra.get_host(f"paramiko://{user}@{self.name}", ssh_config=str(self.ssh_config))

    def inventory(self, user: str = "root", sudo: bool = False, **data: Any) -> Path:
        """A pyinfra inventory with this one host; `data` is more host data, as in `-data key=value`."""
        path = self.folder / f"inventory-{user}.py"
        path.write_text(f"hosts = [{self.inventory_entry(user, sudo, **data)!r}]\n")
        return path

    def inventory_entry(
        self, user: str = "root", sudo: bool = False, **data: Any
    ) -> tuple[str, dict[str, Any]]:
        """Its name and data, to be put in an inventory with others."""
        ssh = {
            "ssh_hostname": self.ip,
            "ssh_user": user,
            "ssh_key": str(self.ssh_key),
            "ssh_known_hosts_file": str(self.folder / "known_hosts"),
            "ssh_strict_host_key_checking": "yes",
        }
        return self.name, {**ssh, **({"_sudo": True} if sudo else {}), **data}

    # ---- waiting

    def _wait_until_open(self) -> None:
        """Until sshd greets and systemd lets users in (it removes /run/nologin when the boot is through)."""
        self._wait_for("booting", self._greets)
        self._wait_for("opening for users", lambda: not Path(f"/proc/{self.pid1()}/root/run/nologin").exists())

    def _greets(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.ip, 22), timeout=2) as s:
            return s.recv(4) == b"SSH-"
        return False

    def _wait_for(self, what: str, happened: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > deadline:
                tail = "\n".join(self.console.read_text(errors="replace").splitlines()[-15:])
                raise TimeoutError(f"{self.name} is still {what} after {PATIENCE:.0f} s\n{tail}")
            time.sleep(0.02)


def command_line(machine: Machine, user: str = "root") -> str:
    """The ssh command that a person can paste to get into `machine`."""
    return shlex.join(["ssh", "-F", str(machine.ssh_config), f"{user}@{machine.ip}"])
