"""A private network for each session: bridge, addresses, a way out.

Session n owns 10.78.n.0/24. Everything it makes in the kernel is called mb<n> or mb<n>-…, so that it can be
found and removed when the session died without doing so.
"""

from __future__ import annotations

from pathlib import Path

from .command import run

PREFIX = "10.78"
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
