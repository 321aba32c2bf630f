from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from memory_provision import report
from memory_provision.programs import Stdin, python_program, shell_program
from memory_provision.remote.base import Report as HostReport


def test_what_a_host_program_says_is_read_back():
    host = HostReport()
    host.change('role "x" made\nnow')
    host.warn("old")
    host.facts["version"] = "15.18"
    found = report.parse(host.lines())
    assert found.changes == ['role "x" made\nnow']
    assert found.warnings == ["old"]
    assert found.facts == {"version": "15.18"}
    assert found.trouble is None


def test_a_program_that_ended_early_is_a_trouble_that_shows_its_last_words():
    found = report.parse(["Traceback (most recent call last):", "MemoryError"])
    assert found.trouble is not None
    assert "MemoryError" in found.trouble[1]


def test_a_known_cause_is_added_to_what_was_said():
    found = report.parse(
        ["trouble\t" + json.dumps(["packages cannot be installed", "503 Service Unavailable", ""])]
    )
    lines = found.trouble_lines()
    assert lines[0] == "packages cannot be installed"
    assert any(line.startswith("why: the mirror answers") for line in lines)
    assert any(line.startswith("fix: ") for line in lines)


def test_a_fix_that_the_host_knows_is_not_second_guessed():
    found = report.parse(["trouble\t" + json.dumps(["seen", "503", "do this"])])
    assert found.trouble_lines() == ["seen", "why: 503", "fix: do this"]


@pytest.mark.parametrize("show", [str, repr, "{}".format])
def test_standard_input_never_prints_itself(show):
    program = python_program("database", {"password": "hunter2"}, apply=True)
    assert "hunter2" not in show(program)
    assert "hunter2" in program.encode().decode()  # what pyinfra writes to the pipe


def test_a_shell_program_gets_its_input_quoted():
    program = shell_program("apt", {"PGDG_KEY": "it's\n$(touch /x)"})
    assert program.encode().decode().startswith("PGDG_KEY='it'\"'\"'s\n$(touch /x)'\n")
    assert isinstance(program, Stdin)


def test_what_a_shell_program_says_can_be_read_whatever_is_in_it():
    program = """trouble "$(printf 'dpkg: \\033[1merror:\\033[0m "a\\\\b"\\r\\n\\tcut off')" why"""
    shell = (Path(report.__file__).parent / "remote" / "shell.sh").read_text()
    said = subprocess.run(
        ["sh", "-s"], input=f"{shell}\n{program}", capture_output=True, text=True, check=False
    )
    found = report.parse(said.stdout.splitlines())
    assert found.trouble is not None
    assert found.trouble[0] == 'dpkg: error: "a\\b"   cut off'
