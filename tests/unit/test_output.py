"""How errors reach people and programs: three lines or one JSON object, the exit code, and no secret."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from memory_mcp import __version__
from memory_mcp.cli import SUBCOMMANDS, main, output
from memory_mcp.cli.db import SUBCOMMANDS as DATABASE_COMMANDS
from memory_mcp.cli.lazy import LazyGroup
from memory_mcp.errors import BusyError, ConfigurationError, MemoryMcpError, RefusedError, UnreachableError


def command(error: MemoryMcpError) -> click.Command:
    @click.group(cls=LazyGroup)
    def group() -> None:
        pass

    @click.command()
    @output.json_option
    def fails() -> None:
        raise error

    group.get_command = lambda ctx, name: fails  # type: ignore[method-assign]
    return group


@pytest.mark.parametrize(
    ("kind", "code"),
    [(MemoryMcpError, 1), (ConfigurationError, 2), (UnreachableError, 3), (RefusedError, 4), (BusyError, 5)],
)
def test_every_kind_of_error_has_its_exit_code(kind, code):
    result = CliRunner().invoke(command(kind("seen", "why", "fix")), ["fails"])
    assert result.exit_code == code
    assert result.stderr.splitlines() == ["error: seen", "  why: why", "  fix: fix"]
    assert result.stdout == ""


def test_with_json_the_error_is_one_object_on_stdout():
    result = CliRunner().invoke(command(RefusedError("seen", "why", "fix")), ["fails", "--json"])
    assert json.loads(result.stdout) == {
        "ok": False,
        "error": {"kind": "RefusedError", "seen": "seen", "why": "why", "fix": "fix"},
        "exit": 4,
    }
    assert result.stderr == ""


@pytest.mark.parametrize("arguments", [["fails"], ["fails", "--json"]])
def test_secrets_in_errors_are_hidden_and_json_stays_json(arguments):
    error = MemoryMcpError("password=hunter2", "postgresql://u:hunter2@h/d", "OPENAI_API_KEY='hunter2'")
    result = CliRunner().invoke(command(error), arguments)
    assert "hunter2" not in result.output
    if "--json" in arguments:
        assert json.loads(result.stdout)["error"]["seen"] == "password=***"


def test_every_listed_command_can_be_imported_and_has_help():
    for name in SUBCOMMANDS:
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", DATABASE_COMMANDS)
def test_the_help_that_is_shown_without_an_import_is_the_commands_own(name):
    result = CliRunner().invoke(main, ["db", name, "--help"])
    assert result.exit_code == 0
    assert result.stdout.splitlines()[2].strip() == DATABASE_COMMANDS[name][1]


@pytest.mark.parametrize("arguments", [["--help"], ["db", "--help"], ["db", "migrate", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    script = (
        f"import sys; from memory_mcp.cli import main; main({arguments}, standalone_mode=False); "
        "print(sorted({'psycopg', 'mcp', 'numpy', 'httpx2', 'wordllama'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_python_runs_the_package_as_the_command():
    command = [sys.executable, "-m", "memory_mcp", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == __version__
