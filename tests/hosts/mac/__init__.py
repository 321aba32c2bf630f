"""A Mac's user, pretended on a Debian machine: names and Homebrew are stand-ins, PostgreSQL is real."""

from __future__ import annotations

from pathlib import Path

from tests.hosts.bed.machine import Machine

HERE = Path(__file__).parent
PREFIX = "/opt/homebrew"
USER = "ops"

# The answers of a MacBook; everything else goes to the real program.
NAMES = {
    "uname": 'case "$1" in -s) echo Darwin ;; -m) echo arm64 ;; *) exec /usr/bin/uname "$@" ;; esac',
    "sw_vers": "echo 15.5",
    "xcode-select": "echo /Library/Developer/CommandLineTools",
    "netstat": (
        'ss -ltnH | awk \'{n = split($4, p, ":"); print "tcp4 0 0 127.0.0.1." p[n] " *.* LISTEN"}\' | '
        "awk '{$1 = $1; print}'"
    ),
}


def pretend(machine: Machine) -> None:
    """Make the stand-ins; ours is /opt/homebrew on Apple silicon with nothing installed."""
    done = machine.run("sh -s", input=(HERE / "setup.sh").read_text())
    assert done.returncode == 0, done.stderr
    files = {f"/usr/local/bin/{name}": f"#!/bin/sh\n{text}\n" for name, text in NAMES.items()}
    files[f"{PREFIX}/bin/brew"] = (HERE / "brew").read_text()
    for path, text in files.items():
        done = machine.run(f"cat >{path} && chmod 755 {path}", input=text)
        assert done.returncode == 0, done.stderr
