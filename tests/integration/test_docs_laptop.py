"""The commands of docs/laptop.md that need no deploy work as printed; tests/hosts has the others."""

from __future__ import annotations

import pytest

from tests.docs import shell_commands
from tests.integration.somebody import COMMAND, somebody

COMMANDS = [line for line in shell_commands("laptop.md") if line.startswith("memory-mcp ")]


@pytest.fixture
def user():
    with somebody() as one:
        yield one


def test_every_command_works_in_the_order_of_the_page(user):
    assert len(COMMANDS) >= 3
    for line in COMMANDS:
        done = user.run("sh", "-ec", f"PATH={COMMAND.parent}:$PATH; {line}")
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
