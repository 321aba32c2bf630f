"""A forked run of pyinfra is one like any other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts import prefork

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="tests of machines use it, and need Linux")
PYINFRA = str(Path(sys.executable).with_name("pyinfra"))
INVENTORY = """
import os, sys, time
print(os.getcwd(), os.environ["MINE"], file=sys.stderr, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("arguments", [["--version"], ["--no-such-option"], ["nowhere.py", "nothing.py"]])
def test_it_says_and_returns_what_the_command_does(tmp_path: Path, arguments: list[str]):
    command = [PYINFRA, *arguments]
    forked = prefork.run(command, tmp_path, os.environ)
    own = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (forked.returncode, forked.stdout, forked.stderr) == (own.returncode, own.stdout, own.stderr)


def test_two_at_once_have_their_own_folder_and_environment_and_can_be_killed(tmp_path: Path):
    runs = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "inventory.py").write_text(INVENTORY)
        runs.append(
            prefork.Run([PYINFRA, "inventory.py", "exec", "true"], folder, {**os.environ, "MINE": name})
        )
    for name, run in zip(("one", "two"), runs, strict=True):
        said = next(line for line in run.stderr if "/" in line)
        assert said == f"{tmp_path}/{name} {name}\n"
        assert run.poll() is None
        run.kill()
        assert run.wait() == run.poll() == -signal.SIGKILL
        run.close()
