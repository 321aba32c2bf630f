"""docs/laptop.md: every command works in a checkout of a user without root."""

from __future__ import annotations

import base64
import io
import subprocess
import tarfile

import pytest

from tests.docs import shell_commands
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.laptop import MCP, assert_whole, furnished, mine
from tests.hosts.provision import ROOT

pytestmark = pytest.mark.hosts("all")


def checkout(m: Machine) -> None:
    """This repository in the user's home, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in listed.stdout.splitlines():
            archive.add(ROOT / name, name)
    mine(m, "mkdir project && base64 -d | tar xz -C project", base64.b64encode(packed.getvalue()).decode())


def test_every_command_of_the_page_works_for_a_user_in_a_checkout(machine: Machines):
    laptop = furnished(machine("debian12"))
    checkout(laptop)
    commands = shell_commands("laptop.md")
    assert len(commands) >= 5
    for line in commands:
        mine(laptop, f"cd project && PATH=$HOME/.local/bin:$PATH && {line}")
    mine(laptop, f"{MCP} embedded start")
    assert_whole(laptop)
