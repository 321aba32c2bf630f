"""A private network for each session: bridge, addresses, a way out, and a namespace for each machine.

Session n owns 10.78.n.0/24. Everything it makes in the kernel is called mb<n> or mb<n>-…, so that it can be
found and removed when the session died without doing so.
"""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

from .command import run

PREFIX = "10.78"
LINK = "host0"  # a machine's own interface
# About 20 inotify instances a machine; the usual limit of 128 is reached by the seventh.
SYSCTLS = {
    "fs/inotify/max_user_instances": 8192,
    "fs/inotify/max_user_watches": 524288,
    "net/ipv4/ip_forward": 1,
}


class Network:
    """The network of session `n` (1..250); the box and the package server are at `gateway`."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.bridge = f"mb{n}"
        self.subnet = f"{PREFIX}.{n}.0/24"
        self.gateway = f"{PREFIX}.{n}.1"
        self._rules = (
            ("nat", "POSTROUTING", "-s", self.subnet, "!", "-d", f"{PREFIX}.0.0/16", "-j", "MASQUERADE"),
            ("filter", "FORWARD", "-i", self.bridge, "-j", "ACCEPT"),  # Docker's default is to drop
            ("filter", "FORWARD", "-o", self.bridge, "-j", "ACCEPT"),
        )

    def up(self) -> None:
        """Make bridge and way out; harmless when they are there."""
        for name, least in SYSCTLS.items():
            setting = Path("/proc/sys", name)
            if int(setting.read_text()) < least:
                setting.write_text(str(least))
        if not Path("/sys/class/net", self.bridge).exists():
            run("ip", "link", "add", self.bridge, "type", "bridge")
            run("ip", "addr", "add", f"{self.gateway}/24", "dev", self.bridge)
            run("ip", "link", "set", self.bridge, "up")
        for table, chain, *rule in self._rules:
            if run("iptables", "-w", "-t", table, "-C", chain, *rule, check=False).returncode:
                run("iptables", "-w", "-t", table, "-I", chain, *rule)

    def down(self) -> None:
        """Remove every trace of it from the kernel, machines' namespaces and links included."""
        for table, chain, *rule in self._rules:
            while run("iptables", "-w", "-t", table, "-D", chain, *rule, check=False).returncode == 0:
                pass
        for namespace in Path("/run/netns").glob(f"mb{self.n}-*"):
            run("ip", "netns", "del", namespace.name)
        for link in Path("/sys/class/net").glob(f"mb{self.n}-*"):
            run("ip", "link", "del", link.name, check=False)  # it may go with its namespace meanwhile
        if Path("/sys/class/net", self.bridge).exists():
            run("ip", "link", "del", self.bridge)


class Port:
    """Where machine number `host` (2..254) is plugged in: a link on the bridge and a network namespace."""

    def __init__(self, network: Network, host: int) -> None:
        self.network = network
        self.name = f"mb{network.n}-{host}"  # the namespace, and the bridge's end of the link
        self.ip = str(ipaddress.ip_network(network.subnet)[host])
        self.mac = (
            f"02:6d:62:00:{network.n:02x}:{host:02x}"  # fixed: a reused address is not stale in ARP caches
        )

    def plug(self) -> None:
        """Make namespace and link and give them their address."""
        run("ip", "netns", "add", self.name)
        veth = ("ip", "link", "add", self.name, "type", "veth", "peer", "name", LINK)
        run(*veth, "address", self.mac, "netns", self.name)
        self.address()

    def address(self) -> None:
        """Connect the bridge's end and configure the machine's."""
        run("ip", "link", "set", self.name, "master", self.network.bridge, "up")
        steps = (
            f"addr add {self.ip}/24 dev {LINK}",
            "link set lo up",
            f"link set {LINK} up",
            f"route add default via {self.network.gateway}",
        )
        run("ip", "-n", self.name, "-batch", "-", input="\n".join(steps) + "\n")

    def within(self, *argv: str, input: str | None = None) -> str:  # noqa: A002
        """Run a program of the box in the machine's network; what it printed."""
        return run("ip", "netns", "exec", self.name, *argv, input=input).stdout

    def unplug(self) -> None:
        """Remove link and namespace; harmless when they are gone."""
        if Path("/run/netns", self.name).exists():
            run("ip", "netns", "del", self.name)
        if Path("/sys/class/net", self.name).exists():
            run("ip", "link", "del", self.name, check=False)  # it goes with its namespace, a little later

    def link_is_up(self) -> bool:
        """Whether the machine's own interface has a carrier."""
        links = json.loads(run("ip", "-n", self.name, "-j", "link", "show", LINK).stdout)
        return "LOWER_UP" in links[0]["flags"]
