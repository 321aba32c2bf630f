"""docs/windows.md: its deploy is run, its PowerShell is parsed, and its commands and parameters exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import click

from memory_mcp.cli import main
from memory_provision.settings import Settings
from memory_provision.windows_kit import SCRIPT, kit
from tests.unit.powershell import Script

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "windows.md").read_text()
POWERSHELL = [
    line for block in re.findall(r"```powershell\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]


def deploy(folder: Path, *options: str) -> dict:
    [line] = [line for line in re.findall(r"^\./run .*$", PAGE, re.MULTILINE) if "windows.py" in line]
    command = [*shlex.split(line)[1:], "--json", "--data", f"windows_kit={folder}", *options]
    secret = {"MEMORY_DATABASE_PASSWORD": "hunter2hunter2"}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **secret}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    return dict(json.loads(done.stdout)["results"] or {}).get("totals", {})


def test_the_deploy_writes_the_kit_once(tmp_path):
    folder = tmp_path / "kit"
    deploy(folder, "--dry")
    assert not folder.exists()
    totals = deploy(folder)
    assert (totals["hosts"], totals["error"]) == (1, 0)
    assert totals["success"] > 0
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert written == kit(Settings())
    assert deploy(folder)["success"] == 0


def test_a_changed_setting_changes_the_script_only(tmp_path):
    deploy(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    deploy(tmp_path, "--data", "postgres_version=17")
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {SCRIPT}


def test_every_powershell_line_parses():
    assert len(POWERSHELL) > 10
    assert [(line, Script(line).errors()) for line in POWERSHELL if Script(line).errors()] == []


def test_every_parameter_of_the_script_exists():
    script = Script(kit(Settings())[SCRIPT].decode("utf-8-sig").replace("\r\n", "\n"))
    known = script.parameters(script.root) | {"executionpolicy", "file"}
    lines = [line.partition(SCRIPT) for line in POWERSHELL if SCRIPT in line]
    given = {name for _, _, rest in lines for name in re.findall(r" -(\w+)", rest)}
    prose = set(re.findall(r"`-(\w+)(?: \d+)?`", PAGE))
    assert {name.lower() for name in given | prose} <= known


def test_every_memory_mcp_command_exists():
    lines = [line for line in POWERSHELL if line.startswith("memory-mcp ") and " embedded " not in line]
    assert len(lines) >= 4
    for line in lines:
        command, context = main, click.Context(main)
        words = shlex.split(line)[1:]
        while words and isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None, line
            command = found
