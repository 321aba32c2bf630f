"""The server and its smoke test need nothing of the event loop that Windows does not have."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from memory_mcp import loops
from memory_mcp.smoke import run
from tests.integration.serving import settings
from tests.integration.windows_loop import LikeWindows, like_windows

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["subprocess_exec", "connect_read_pipe", "add_signal_handler"])
def test_the_loop_of_these_tests_refuses_what_windows_refuses(name):
    loop = LikeWindows()
    with pytest.raises(NotImplementedError):
        getattr(loop, name)()
    loop.close()


def test_the_smoke_test_passes_on_it_with_a_server_on_it(migrated, tmp_path, monkeypatch):
    known = settings(migrated.url, tmp_path)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(loops, "factory", like_windows)
    command = [
        sys.executable,
        "-m",
        "tests.integration.windows_loop",
        "serve",
        "--env-file",
        str(known.env_file),
    ]
    report = loops.run(run.smoke(known, None, command, 60))
    assert [name for name, _ in report.steps][-1] == "remove index"


def test_a_loop_that_psycopg_refuses_would_be_noticed(migrated, monkeypatch):
    """psycopg itself says no to Windows' default loop: the reason why there is a loop of our own."""
    import psycopg

    class Proactor(asyncio.SelectorEventLoop):
        pass

    async def connect():
        await psycopg.AsyncConnection.connect(migrated.url)

    monkeypatch.setattr(asyncio, "ProactorEventLoop", Proactor, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    loop = Proactor()
    with pytest.raises(psycopg.InterfaceError, match="ProactorEventLoop"):
        loop.run_until_complete(connect())
    loop.close()
    with asyncio.Runner(loop_factory=loops.factory("win32")) as runner:
        runner.run(connect())


def test_the_command_says_utf_8_when_the_code_page_is_another(migrated, tmp_path):
    """As on Windows: standard output is a pipe with a code page that has no check mark."""
    known = settings(migrated.url, tmp_path)
    script = "import sys; from memory_mcp.cli import main, output; output.speak_utf8(); main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "smoke", "--env-file", str(known.env_file)],
        env={"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0", "HOME": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("utf-8").startswith("✓ ")
