"""Python's own pip, run from the wheel that Python brings along."""

from __future__ import annotations

import os
import re

from memory_provision.remote.base import Trouble, must

# The wheel of pip that Python brings along to put into new environments. Run from there, it need not be
# installed first, which takes longer than anything else of making an environment.
PIP = """\
import ensurepip, glob, os, sysconfig
bundled = os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")
folder = sysconfig.get_config_var("WHEEL_PKG_DIR") or bundled
print(sorted(glob.glob(os.path.join(folder, "pip-*.whl")))[-1])
"""


def pip(python: str) -> str:
    """What a Python has to be given to run pip."""
    said = must([python, "-c", PIP], "Python's own pip cannot be found", "apt-get install python3-venv")
    return f"{said.strip()}/pip"


def private(path: str, text: str) -> None:
    """An index URL may carry a password: for root's eyes only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)


def proxies(url: str | None) -> dict[str, str]:
    """Environment that pip, apt, dnf and urllib go by."""
    return {"http_proxy": url, "https_proxy": url} if url else {}


def explained(said: str, seen: str) -> Trouble:
    """The lines in which pip names its errors, without what an index URL could carry."""
    clean = re.sub(r"//[^/@\s]+@", "//***@", said)
    errors = [
        line.strip()
        for line in clean.splitlines()
        if re.search(r"error|mismatch|expected|got", line, re.IGNORECASE)
    ]
    return Trouble(seen, "; ".join(errors[-4:]) or clean[-300:])
