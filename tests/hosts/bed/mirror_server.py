"""The lab's package server, a process of its own: `python mirror_server.py FOLDER ADDRESS TLS.PEM`.

FOLDER/roots.json lists document roots (the first that has the file serves it), FOLDER/faults.json the faults
in force, FOLDER/redirects.json patterns and their targets; all are read again when they change. Each request
becomes a line of FOLDER/access.jsonl. Standard library only.
"""

from __future__ import annotations

import http.server
import json
import posixpath
import re
import shutil
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit


class Settings:
    """The files of FOLDER, and how often each fault was met."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.met: dict[str, int] = {}
        self.kept: dict[str, tuple[tuple[int, int], Any]] = {}

    def read(self, name: str, default: Any) -> Any:
        """The content of NAME.json; writers replace it in one step, so it is always whole."""
        path = self.folder / f"{name}.json"
        try:
            stat = path.stat()
        except FileNotFoundError:
            return default
        edition = (stat.st_ino, stat.st_mtime_ns)
        if name not in self.kept or self.kept[name][0] != edition:
            self.kept[name] = edition, json.loads(path.read_text())
        return self.kept[name][1]

    def fault(self, path: str) -> dict[str, Any]:
        """The first fault that holds for `path` and is not used up; using it counts."""
        with self.lock:
            for fault in self.read("faults", []):
                used = self.met.get(fault["id"], 0)
                if re.search(fault["path"], path) and (fault["times"] is None or used < fault["times"]):
                    self.met[fault["id"]] = used + 1
                    return cast(dict[str, Any], fault)
        return {}

    def log(self, line: dict[str, Any]) -> None:
        """Append to the access log."""
        with self.lock, (self.folder / "access.jsonl").open("a") as f:
            f.write(json.dumps(line) + "\n")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files from several roots, with faults."""

    protocol_version = "HTTP/1.1"
    # else a body waits 40 ms for its header's acknowledgement, for each of 47 wheels
    disable_nagle_algorithm = True
    settings: Settings

    def do_GET(self) -> None:
        """A file, a redirect, or what the fault in force says."""
        self.fault = self.settings.fault(self.path)
        time.sleep(self.fault.get("delay", 0))
        target = self._redirect()
        if "status" in self.fault:
            self.send_error(self.fault["status"])
        elif target:
            self.send_response(302)
            self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        """Headers only; faults are for GET."""
        self.fault = {}
        super().do_HEAD()

    def _redirect(self) -> str | None:
        for pattern, target in self.settings.read("redirects", {}).items():
            if re.search(pattern, self.path):
                return re.sub(pattern, target, self.path)
        return None

    def translate_path(self, path: str) -> str:
        """The file of the first root that has it."""
        name = posixpath.normpath("/" + unquote(urlsplit(path).path))  # nothing above the root
        slash = "/" if path.endswith("/") else ""
        roots = self.settings.read("roots", [])
        if "edition" in self.fault:
            roots = [f"{root}/{self.fault['edition']}" for root in roots] + roots
        return next((root + name + slash for root in roots if Path(root + name).exists()), "/nonexistent")

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:  # type: ignore[override]
        """The body: whole, cut short, or with one byte turned over in its middle."""
        if "cut" in self.fault:
            outputfile.write(source.read(self.fault["cut"]))
            self.close_connection = True
        elif self.fault.get("corrupt"):
            body = bytearray(source.read())
            body[len(body) // 2] ^= 0xFF
            outputfile.write(body)
        elif isinstance(self.connection, ssl.SSLSocket):
            shutil.copyfileobj(source, outputfile, 1 << 20)
        else:
            self.connection.sendfile(source)  # by the kernel: each machine fetches 200 MB

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """One line per answer."""
        line = {"time": time.time(), "client": self.client_address[0], "host": self.headers.get("Host")}
        self.settings.log({**line, "path": self.path, "status": int(code), "fault": self.fault.get("id")})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing more than log_request."""


def listen(address: str, port: int, tls: str | None = None) -> None:
    """Serve on `port` in a thread of its own."""
    server = http.server.ThreadingHTTPServer((address, port), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        # the handshake happens in the connection's own thread, so a silent client holds up nobody
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    Handler.settings = Settings(Path(sys.argv[1]))
    listen(sys.argv[2], 80)
    listen(sys.argv[2], 443, sys.argv[3])
