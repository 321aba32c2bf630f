"""An HTTP proxy on the box, for machines that reach the web only through one."""

from __future__ import annotations

import contextlib
import http.client
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from . import ca
from .lab import Lab

HOP_BY_HOP = {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "content-length"}


class Proxy(socketserver.ThreadingTCPServer):
    """`seen` holds the hosts that were asked for."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, gateway: str) -> None:
        super().__init__((gateway, 0), Handler)
        self.gateway = gateway
        self.seen: set[str] = set()

    @property
    def url(self) -> str:
        """What a machine is told."""
        return f"http://{self.gateway}:{self.server_address[1]}"

    def address(self, host: str) -> str:
        """Names of the lab's package server lead there, as on the machines."""
        self.seen.add(host)
        return self.gateway if host in (ca.LAB_NAME, *ca.PGDG_NAMES, *ca.GITHUB_NAMES) else host


class Handler(BaseHTTPRequestHandler):
    """One request a connection."""

    server: Proxy

    def do_CONNECT(self) -> None:
        """For https: a tunnel, until either side ends it."""
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((self.server.address(host), int(port)), timeout=60) as there:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pump, args=(there, self.connection), daemon=True)
            back.start()
            _pump(self.connection, there)
            back.join()
        self.close_connection = True

    def do_GET(self) -> None:
        """For http: ask the server, hand its answer on."""
        url = urlsplit(self.path)
        there = http.client.HTTPConnection(self.server.address(url.hostname or ""), url.port or 80, timeout=60)
        path = url.path + (f"?{url.query}" if url.query else "")
        given = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        there.request("GET", path, headers={**given, "Host": url.netloc})
        answer = there.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        there.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Quietly."""


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(1 << 16):
            target.sendall(block)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(lab: Lab) -> Iterator[Proxy]:
    """A proxy at the lab's gateway for as long as the block lasts."""
    with Proxy(lab.network.gateway) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
