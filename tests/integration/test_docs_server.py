"""Every command in docs/server.md works as it is printed there."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from memory_mcp.errors import Exit
from tests.integration.serving import settings

PAGE = (Path(__file__).parents[2] / "docs" / "server.md").read_text()
BIN = Path(sys.executable).parent
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def place(migrated, tmp_path):
    """A home with settings, the folder that the commands run in, and their environment."""
    known = settings(migrated.url, tmp_path, MEMORY_ACTIVE_PROJECT="local")
    known.registry.write_text(known.registry.read_text().replace('"test"', '"local"'))
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(16))
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "MEMORY_ENV_FILE": str(known.env_file),
    }
    return tmp_path, environment


def test_the_page_has_commands():
    assert len(COMMANDS) >= 10
    assert all(line.startswith("memory-mcp ") for line in COMMANDS)


@pytest.mark.hosts("all")
def test_every_command_works_in_the_order_of_the_page(place):
    folder, environment = place
    for line in COMMANDS:
        arguments = shlex.split(line)
        if "http" in arguments:
            serves(arguments, folder, environment)
            continue
        done = subprocess.run(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def serves(arguments, folder, environment):
    port = arguments.index("--port") + 1
    arguments = [*arguments[:port], "0", *arguments[port + 1 :]]  # the page's port may be taken on this machine
    with subprocess.Popen(arguments, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        first = process.stderr.readline()
        process.terminate()
    assert "/mcp" in first, first


def test_the_page_lists_the_exit_codes_that_exist():
    table = PAGE.split("## Exit codes")[1].split("##")[0]
    assert [int(code) for code in re.findall(r"^\| (\d) \|", table, re.MULTILINE)] == [
        int(code) for code in Exit
    ]
