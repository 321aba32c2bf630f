"""What a machine is, read from the lines that `remote/machine.sh` prints. Pure: no I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass


def _number(text: str) -> bool:
    """Digits that int() reads; str.isdigit() also holds for "²"."""
    return text.isascii() and text.isdigit()


@dataclass(frozen=True)
class ServerProgram:
    """PostgreSQL server binaries that are installed: version as `postgres --version` says, and their folder."""

    version: str
    bindir: str

    @property
    def major(self) -> int:
        """15 for "15.18"; 0 when the program did not answer."""
        head = self.version.split(".")[0].split("beta")[0].split("rc")[0].split("devel")[0]
        return int(head) if _number(head) else 0


@dataclass(frozen=True)
class Cluster:
    """One line of pg_lsclusters."""

    major: int
    name: str
    port: int
    status: str
    owner: str
    data_directory: str

    @property
    def online(self) -> bool:
        """Running, be it as primary or in recovery."""
        return self.status.startswith("online")


@dataclass(frozen=True)
class Python:
    """An interpreter of the system: path and version."""

    path: str
    version: tuple[int, int]


@dataclass(frozen=True)
class Machine:
    """Everything preflight has to know; sizes in KiB."""

    os_id: str = ""
    os_like: str = ""
    os_version: str = ""
    os_name: str = ""
    os_codename: str = ""
    kernel: str = ""
    architecture: str = ""
    uid: int = -1
    user: str = ""
    home: str = ""
    sudo: bool = False
    init: str = "none"
    tools: tuple[str, ...] = ()
    pythons: tuple[Python, ...] = ()
    free: tuple[tuple[str, int], ...] = ()
    servers: tuple[ServerProgram, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    listening: frozenset[int] = frozenset()
    reach: tuple[tuple[str, str], ...] = ()
    provisioned: bool = False
    selinux: str = ""
    embedded: tuple[int, ...] = ()  # majors that have data in this user's embedded server
    embedded_port: int = 0
    path: tuple[str, ...] = ()
    brew: str = ""  # Homebrew's prefix
    shell: str = ""

    @property
    def root(self) -> bool:
        """Can we become root?"""
        return self.uid == 0 or self.sudo

    @property
    def systemd(self) -> bool:
        """Is systemd PID 1 on the machine itself (not on the controller)?"""
        return self.init == "systemd"

    def reaches(self, name: str) -> bool:
        """Was the package source `name` (pgdg, distribution) reached? False when it was not asked."""
        return dict(self.reach).get(name) == "yes"

    def why_not(self, name: str) -> str:
        """What was seen instead, for a message."""
        return dict(self.reach).get(name, "not asked").removeprefix("no ").strip() or "no answer"


def parse(lines: Iterable[str]) -> Machine:
    """Build a Machine from KEY<TAB>VALUE lines; what cannot be read is left out."""
    values: dict[str, list[str]] = {}
    for line in lines:
        key, tab, value = line.partition("\t")
        if tab:
            values.setdefault(key, []).append(value.strip())

    def one(key: str) -> str:
        return values.get(key, [""])[0]

    return Machine(
        os_id=one("os_id"),
        os_like=one("os_like"),
        os_version=one("os_version"),
        os_name=one("os_name"),
        os_codename=one("os_codename"),
        kernel=one("kernel"),
        architecture=one("architecture"),
        uid=int(one("uid")) if _number(one("uid")) else -1,
        user=one("user"),
        home=one("home"),
        sudo=one("sudo") == "yes",
        init=one("init") or "none",
        tools=tuple(values.get("tool", [])),
        pythons=tuple(p for v in values.get("python", []) if (p := _python(v))),
        free=tuple(
            (d, int(k)) for d, _, k in (v.rpartition(" ") for v in values.get("free", [])) if _number(k)
        ),
        servers=tuple(ServerProgram(*v.split(None, 1)) for v in values.get("server", []) if " " in v),
        clusters=tuple(c for v in values.get("cluster", []) if (c := _cluster(v))),
        listening=frozenset(n for v in values.get("listener", []) if (n := _port(v)))
        | {int(v) for v in values.get("port", []) if _number(v)},
        provisioned=one("provisioned") == "yes",
        selinux=one("selinux"),
        embedded=tuple(int(v) for v in values.get("embedded", []) if _number(v)),
        embedded_port=int(one("embedded_port")) if _number(one("embedded_port")) else 0,
        path=tuple(folder for folder in one("path").split(":") if folder),
        brew=one("brew"),
        shell=one("shell"),
        reach=tuple((n, a) for n, _, a in (v.partition(" ") for v in values.get("reach", []))),
    )


def _python(value: str) -> Python | None:
    path, _, version = value.rpartition(" ")
    major, dot, minor = version.partition(".")
    return Python(path, (int(major), int(minor))) if dot and _number(major) and _number(minor) else None


def _cluster(value: str) -> Cluster | None:
    bits = value.split(None, 5)
    if len(bits) < 6 or not _number(bits[0]) or not _number(bits[2]):
        return None
    return Cluster(int(bits[0]), bits[1], int(bits[2]), bits[3], bits[4], bits[5])


def _port(value: str) -> int | None:
    """The port of a listener that could collide with ours: any address, or a loopback one.

    /proc/net/tcp writes addresses as groups of 32 bits in the machine's byte order (proc_pid_net(5)); all
    supported machines are little endian.
    """
    address, _, port = value.partition(":")
    try:
        raw = bytes.fromhex(address)
        swapped = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
        ip = ipaddress.ip_address(swapped)
        number = int(port, 16)
    except ValueError:
        return None
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return number if mapped.is_unspecified or mapped.is_loopback else None
