"""Every command of docs/laptop.md that the embedded server's user runs works as it is printed there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.somebody import COMMAND, somebody

PAGE = (Path(__file__).parents[2] / "docs" / "laptop.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("memory-mcp ")
]


@pytest.fixture
def user():
    with somebody() as one:
        yield one


def test_every_command_works_in_the_order_of_the_page(user):
    assert len(COMMANDS) >= 3
    for line in COMMANDS:
        done = user.run("sh", "-ec", f"PATH={COMMAND.parent}:$PATH; {line}")
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
