"""docs/macos.md: its commands are those of CI's box and of tests/hosts/test_mac.py; its facts the code's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from memory_provision.machine import Machine
from memory_provision.places import user_places
from memory_provision.plan_darwin import OLDEST_MACOS
from memory_provision.platforms_darwin import APP, PYTHON, homebrew
from memory_provision.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "macos.md").read_text()


def test_its_commands_name_files_that_exist():
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert [shlex.split(line)[:2] for line in lines] == [["./run", "pyinfra"]] * 2
    for name in re.findall(r"\b(?:inventories|deploys)/\w+\.py", PAGE):
        assert (ROOT / name).is_file()


def test_its_paths_are_those_of_the_table():
    row, places = homebrew("/opt/homebrew"), user_places(Settings(), "~")
    for text in (row.fill(row.bindir, 15), places.command, places.config_dir, places.install_dir, PYTHON, APP):
        assert f"`{text}" in PAGE, text
    assert row.fill(row.data, 15).removeprefix("/opt/homebrew/") in PAGE


def test_its_versions_are_those_that_preflight_asks_for():
    text = " ".join(PAGE.split())
    assert f"macOS {OLDEST_MACOS['arm64']} or newer on Apple silicon" in text
    assert f"{OLDEST_MACOS['x86_64']} or newer on Intel" in text


def test_its_settings_exist():
    for name, value in re.findall(r"--data (\w+)=(\w+)", PAGE):
        assert hasattr(Settings(), name), value
    assert Machine().brew == ""
