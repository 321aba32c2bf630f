"""Where a machine is plugged in: a network namespace, and a link from there to the session's bridge."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from pathlib import Path

from .cgroup import Cgroup
from .command import run
from .network import Network

LINK = "host0"  # a machine's own interface
WIRE = Path(__file__).with_name("wire.py")


class Port:
    """Machine number `host` (2..254) of a network; `name` is the namespace and the bridge's end of the link."""

    def __init__(self, network: Network, host: int) -> None:
        self.network = network
        self.name = f"mb{network.n}-{host}"
        self.ip = str(ipaddress.ip_network(network.subnet)[host])
        self.mac = (
            f"02:6d:62:00:{network.n:02x}:{host:02x}"  # fixed: a reused address is not stale in ARP caches
        )
        self._cable = Cgroup(f"{network.n}/cables/{host}")
        self._process: subprocess.Popen[str] | None = None

    def plug(self, wire: Path | None = None) -> None:
        """Make namespace and link and give them their address.

        With `wire`, the link is a process that delays and loses frames as that file says (see wire.py).
        """
        run("ip", "netns", "add", self.name)
        if wire:
            self._lay_cable(wire)
        else:
            veth = ("ip", "link", "add", self.name, "type", "veth", "peer", "name", LINK)
            run(*veth, "address", self.mac, "netns", self.name)
        run("ip", "link", "set", self.name, "master", self.network.bridge, "up")
        steps = (
            f"addr add {self.ip}/24 dev {LINK}",
            "link set lo up",
            f"link set {LINK} up",
            f"route add default via {self.network.gateway}",
        )
        run("ip", "-n", self.name, "-batch", "-", input="\n".join(steps) + "\n")

    def _lay_cable(self, wire: Path) -> None:
        self._process = subprocess.Popen(
            self._cable.entered(sys.executable, WIRE, self.name, self.name, LINK, self.mac, wire),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the cable of {self.name} did not start")

    def within(self, *argv: str, input: str | None = None) -> str:  # noqa: A002
        """Run a program of the box in the machine's network; what it printed."""
        return run("ip", "netns", "exec", self.name, *argv, input=input).stdout

    def unplug(self) -> None:
        """Remove link and namespace; harmless when they are gone."""
        self._cable.remove()
        if self._process:
            self._process.communicate()
        if Path("/run/netns", self.name).exists():
            run("ip", "netns", "del", self.name)
        if Path("/sys/class/net", self.name).exists():
            run("ip", "link", "del", self.name, check=False)  # it goes with its namespace, a little later
