"""Programs of another processor run here by QEMU's user emulation, which the kernel has to be told of.

Packages: qemu-user-static. What the kernel is told holds for the whole box, so it is taken back at the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .command import run
from .needs import SEARCH

PROGRAM = "qemu-aarch64-static"
REGISTRY = Path("/proc/sys/fs/binfmt_misc")
NAME = "memory-mcp-tests-arm64"
# The head of an ELF executable for AArch64, machine 0xb7 (kernel documentation, admin-guide/binfmt-misc). The
# flag F has the program opened at once, so that it serves in any root.
HEAD = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


def lacking() -> str | None:
    """Why no program for arm64 can run here, with what would mend it; None when it can."""
    if shutil.which(PROGRAM, path=SEARCH) is None:
        return f"{PROGRAM} is missing: apt-get install -y --no-install-recommends qemu-user-static"
    if "binfmt_misc" not in Path("/proc/filesystems").read_text():
        return "the kernel has no binfmt_misc"
    return None


@contextmanager
def arm64() -> Iterator[None]:
    """Let programs for arm64 run, unless they do already."""
    if not (REGISTRY / "register").exists():
        run("mount", "-t", "binfmt_misc", "binfmt_misc", REGISTRY)
    if _known():
        yield
        return
    program = shutil.which(PROGRAM, path=SEARCH)
    (REGISTRY / "register").write_text(f":{NAME}:M::{HEAD}:{MASK}:{program}:F")
    try:
        yield
    finally:
        (REGISTRY / NAME).write_text("-1")


def _known() -> bool:
    """Has somebody (the package's own service, another session) told the kernel already?"""
    entries = [p.read_text() for p in REGISTRY.iterdir() if p.name not in ("register", "status")]
    return any("interpreter" in e and "aarch64" in e and e.startswith("enabled") for e in entries)
