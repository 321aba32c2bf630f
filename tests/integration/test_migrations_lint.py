"""The migrations pass a linter; what it may not complain about, and why, is in .squawk.toml."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

from memory_mcp.db import files
from tests.needs import missing

ROOT = files.folder().parent
# rollbacks are there to drop; --exclude replaces the list of the file
EXCLUDED = tomllib.loads((ROOT / ".squawk.toml").read_text())["excluded_rules"]
DROPS = ["ban-drop-column", "ban-drop-table", "ban-drop-function", "require-concurrent-index-deletion"]
ROLLBACK = ["--exclude", ",".join([*EXCLUDED, *DROPS])]


@pytest.mark.parametrize(
    ("pattern", "options"),
    [("*.sql", []), ("seeds/*.sql", []), ("rollback/*.sql", ROLLBACK)],
)
def test_the_linter_has_nothing_to_say(pattern, options):
    program = shutil.which("squawk", path=str(Path(sys.executable).parent))
    if not program:
        missing("squawk (in requirements/dev.txt)")
    paths = sorted(map(str, files.folder().glob(pattern)))
    assert paths
    done = subprocess.run([program, *options, *paths], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
