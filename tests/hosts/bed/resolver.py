"""What a machine's /etc/resolv.conf and /etc/hosts say."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from . import ca

STUB = Path("/run/systemd/resolve/resolv.conf")  # the real servers, where /etc/resolv.conf names a local stub
NOWHERE = "0.0.0.0"  # a connection to it is refused at once


def resolv_conf() -> str:
    """The name servers of the box, as a machine with an address of its own can reach them."""
    text = Path("/etc/resolv.conf").read_text()
    servers = [line.split()[1] for line in text.splitlines() if line.startswith("nameserver ")]
    local = any(ipaddress.ip_address(s.split("%")[0]).is_loopback for s in servers)
    return STUB.read_text() if local and STUB.exists() else text


def hosts(name: str, gateway: str, pgdg: bool, github: bool) -> str:
    """The lab's package server under its own name, and under those of PGDG and GitHub where they are offered.

    Where they are not, the names lead nowhere, on a box with a way to the internet too.
    """
    lines = [
        "127.0.0.1 localhost",
        f"127.0.1.1 {name}",
        "::1 localhost ip6-localhost",
        f"{gateway} {ca.LAB_NAME}",
    ]
    for offered, names in ((pgdg, ca.PGDG_NAMES), (github, ca.GITHUB_NAMES)):
        lines.append(f"{gateway if offered else NOWHERE} {' '.join(names)}")
    return "\n".join(lines) + "\n"
