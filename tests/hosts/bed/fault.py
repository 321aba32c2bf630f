"""What can go wrong with a machine, done from outside; each is a context manager that heals at its end.

    with fault.drop(machine, 22):
        …

They can be combined. What goes wrong with downloads is the mirror's matter (`Mirror.fault`), a power cut the
machine's (`Machine.power_cut`). A machine that is destroyed meanwhile needs no healing.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .command import run
from .machine import Machine


@contextmanager
def slow(machine: Machine, delay: float, jitter: float = 0.0, loss: float = 0.0) -> Iterator[None]:
    """Every frame takes `delay` to `delay` + `jitter` seconds each way, and the share `loss` (0..1) is lost.

    The machine has to be made with wire=True.
    """
    if not machine.made.wire:
        raise ValueError(f"{machine.name} has an ordinary link: make it with wire=True")
    _replace(machine.wire, json.dumps({"delay": delay, "jitter": jitter, "loss": loss}))
    try:
        yield
    finally:
        _replace(machine.wire, "{}")


@contextmanager
def lossy(machine: Machine, percent: int) -> Iterator[None]:
    """So many of a hundred packets are lost, each way."""
    with (
        _filtered(machine, "lossy-in", "input", f"numgen random mod 100 < {percent} drop"),
        _filtered(machine, "lossy-out", "output", f"numgen random mod 100 < {percent} drop"),
    ):
        yield


@contextmanager
def rate(machine: Machine, speed: str) -> Iterator[None]:
    """What it receives is throttled to `speed` in tc's notation ("1mbit")."""
    device = ("dev", machine.port.name, "root")
    run("tc", "qdisc", "replace", *device, "tbf", "rate", speed, "burst", "32k", "latency", "400ms")
    try:
        yield
    finally:
        run("tc", "qdisc", "del", *device)


@contextmanager
def drop(machine: Machine, port: int) -> Iterator[None]:
    """What comes to this TCP port is never answered (a firewall): connections hang."""
    with _filtered(machine, f"drop-{port}", "input", f"tcp dport {port} drop"):
        yield


@contextmanager
def refuse(machine: Machine, port: int) -> Iterator[None]:
    """This TCP port is closed: connections fail at once."""
    with _filtered(machine, f"refuse-{port}", "input", f"tcp dport {port} reject with tcp reset"):
        yield


@contextmanager
def noweb(machine: Machine) -> Iterator[None]:
    """It cannot reach any web server: its connections to ports 80 and 443 hang."""
    with _filtered(machine, "noweb", "output", 'oif != "lo" tcp dport { 80, 443 } drop'):
        yield


@contextmanager
def nodns(machine: Machine, silent: bool = True) -> Iterator[None]:
    """No name server answers it; unless `silent`, questions fail at once. /etc/hosts still counts."""
    # Silence means losing the answers: a question that is dropped here fails at once (sendmsg says EPERM)
    hook, verdict = ("input", "th sport 53 drop") if silent else ("output", "th dport 53 reject")
    with _filtered(machine, "nodns", hook, f"meta l4proto {{ tcp, udp }} {verdict}"):
        yield


@contextmanager
def unplugged(machine: Machine) -> Iterator[None]:
    """No link at all."""
    run("ip", "link", "set", machine.port.name, "down")
    try:
        yield
    finally:
        run("ip", "link", "set", machine.port.name, "up")


@contextmanager
def offline(machine: Machine) -> Iterator[None]:
    """It has no way out: no default route, and on its own network it can ask nobody. One can still log in."""
    machine.port.within("ip", "route", "del", "default")
    asks = 'oif != "lo" tcp flags & (syn | ack) == syn drop; oif != "lo" meta l4proto udp drop'
    try:
        with _filtered(machine, "offline", "output", asks):
            yield
    finally:
        machine.port.within("ip", "route", "add", "default", "via", machine.lab.network.gateway)


@contextmanager
def full(machine: Machine, free: int = 0) -> Iterator[None]:
    """Its disk has `free` bytes left."""

    def shrink() -> bool:
        disk = os.statvfs(machine.disk)
        size = (disk.f_blocks - disk.f_bfree) * disk.f_frsize + free
        return run("mount", "-o", f"remount,size={size}", machine.disk, check=False).returncode == 0

    if not any(shrink() for _ in range(100)):  # it fails when more than that was written meanwhile
        raise RuntimeError(f"the disk of {machine.name} cannot be made smaller")
    try:
        yield
    finally:
        run("mount", "-o", f"remount,size={machine.made.disk}", machine.disk)


@contextmanager
def readonly(machine: Machine, *folders: str) -> Iterator[None]:
    """These folders of it (/etc, /usr and /var unless said) cannot be written, as after a disk error."""
    done: list[str] = []
    try:
        for folder in folders or ("/etc", "/usr", "/var"):
            q = shlex.quote(folder)
            machine.run(f"mount --bind {q} {q}", check=True)
            done.append(q)
            machine.run(f"mount -o remount,bind,ro {q}", check=True)
        yield
    finally:
        for q in reversed(done):
            machine.run(f"umount --lazy {q}", check=True)


@contextmanager
def frozen(machine: Machine) -> Iterator[None]:
    """Every process stands still (a hung host); its kernel still accepts TCP connections."""
    machine.cgroup.freeze(True)
    try:
        yield
    finally:
        machine.cgroup.freeze(False)


@contextmanager
def _filtered(machine: Machine, name: str, hook: str, rule: str) -> Iterator[None]:
    """A rule in an nftables table of its own, in the machine's network namespace."""
    chain = f"chain c {{ type filter hook {hook} priority -5; {rule}; }};"
    machine.port.within("nft", "-f", "-", input=f"table inet fault-{name} {{ {chain} }};\n")
    try:
        yield
    finally:
        machine.port.within("nft", "delete", "table", "inet", f"fault-{name}")


def _replace(path: Path, text: str) -> None:
    """Write a file in one step: its reader never sees half of it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)
