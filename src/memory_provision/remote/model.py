"""The weights of the local model: of the wheel of wordllama nothing else is read, so any machine's will do.

There is none for Linux on arm64, nor for Python 3.14 and later; the lock file leaves it out there.
"""

from __future__ import annotations

import re
from pathlib import Path

# The wheel that is taken where none fits, as pip is to choose it; its compiled part is never loaded.
ANY_WHEEL = (
    *("--platform", "manylinux2014_x86_64", "--implementation", "cp"),
    *("--python-version", "3.13", "--abi", "cp313"),
)
LACKING = """\
import importlib.util, sysconfig
importlib.util.find_spec("wordllama") or print(sysconfig.get_path("purelib"))
"""
"""Prints where an environment keeps its packages, if it has not got it."""


def requirement(requirements: str) -> str:
    """Its pinned entry of a lock file, without the condition. Raises ValueError when there is none."""
    found = re.search(r"^(wordllama==\S+)(?: ;[^\n\\]*)?((?: *\\\n +--hash=\S+)+)", requirements, re.MULTILINE)
    if found is None:
        raise ValueError("the lock file does not pin wordllama")
    return f"{found[1]}{found[2]}\n"


def written(folder: Path, requirements: str) -> list[str]:
    """Write that entry into `folder`; pip's options that ask for it."""
    path = folder / "model.txt"
    path.write_text(requirement(requirements))
    return [*ANY_WHEEL, "-r", str(path)]
