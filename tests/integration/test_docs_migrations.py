"""Every command in docs/migrations.md exists, with its options."""

from __future__ import annotations

import re

import click
import pytest

from memory_mcp.cli.db import SUBCOMMANDS, db
from memory_mcp.db import files

TEXT = (files.folder().parent / "docs" / "migrations.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"\bdb ((?:[a-z]+)(?: \[?--?[^`|\n#]*)?)", TEXT)))


@pytest.mark.parametrize("words", NAMED)
def test_a_documented_command_exists_with_its_options(words):
    name, _, rest = words.partition(" ")
    command = db.get_command(click.Context(db), name)
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"--[a-z-]+", rest)) <= known


def test_every_command_is_documented():
    assert {words.split()[0] for words in NAMED} == set(SUBCOMMANDS)
