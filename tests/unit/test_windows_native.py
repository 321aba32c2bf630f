"""What memory-mcp does differently on Windows, with the platform pretended."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path, PureWindowsPath

import pytest

from memory_mcp import config, dotenv, loops
from memory_mcp.clients.catalog import CLIENTS
from memory_mcp.db import backup, pgtools
from memory_mcp.errors import ConfigurationError, RefusedError
from memory_mcp.server import files
from memory_mcp.smoke.settings import words


@pytest.fixture
def windows(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")


def test_the_loop_is_the_one_that_psycopg_can_use():
    assert loops.factory("win32") is asyncio.SelectorEventLoop
    assert loops.factory("linux") is asyncio.new_event_loop


def test_settings_are_looked_for_where_windows_keeps_them(windows):
    env = {"APPDATA": r"C:\Users\ann\AppData\Roaming", "PROGRAMDATA": r"C:\ProgramData", "HOME": "/home/ann"}
    assert [place.parts[0] for place in config.env_file_places(env)] == [
        ".env",
        r"C:\Users\ann\AppData\Roaming",
        r"C:\ProgramData",
    ]
    assert config.env_file_places({}) == [Path(".env")]


def test_a_forbidden_file_is_explained_without_sudo(windows, tmp_path, monkeypatch):
    def forbidden(*_, **__):
        raise PermissionError

    path = tmp_path / ".env"
    path.touch()
    monkeypatch.setattr(Path, "read_text", forbidden)
    with pytest.raises(ConfigurationError) as caught:
        config.load({}, path)
    assert "Run as administrator" in caught.value.fix
    assert "sudo" not in str(caught.value)


@pytest.mark.parametrize(
    "path", [r"C:\ProgramData\memory-mcp\config\projects.json", r"C:\Users\Ann Lee\x #1\projects.json"]
)
def test_windows_paths_survive_the_env_file(path):
    assert dotenv.parse(f"MEMORY_POSTGRES_PROJECT_REGISTRY={dotenv.quote(path)}\r\n") == {
        "MEMORY_POSTGRES_PROJECT_REGISTRY": path
    }
    plain = PureWindowsPath(path).as_posix()
    assert dotenv.parse(f"R={dotenv.quote(plain)}\r\n")["R"] == plain


def test_an_env_file_that_powershell_wrote_is_read(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes("\ufeffMEMORY_ACTIVE_PROJECT=ours\r\nOPENAI_API_KEY=x\r\n".encode())
    assert config.load({}, path).active_project == "ours"


def test_pg_dump_is_not_taken_from_the_current_folder(windows, tmp_path, monkeypatch):
    """Windows' own search begins there; a program that somebody put there would get the password."""
    planted, bin_folder = tmp_path / "here", tmp_path / "PostgreSQL" / "15" / "bin"
    for folder in (planted, bin_folder):
        folder.mkdir(parents=True)
        program = folder / "pg_dump.exe"
        program.write_text('#!/bin/sh\necho "pg_dump (PostgreSQL) 15.3"\n')
        program.chmod(0o755)
    monkeypatch.chdir(planted)
    monkeypatch.setattr(pgtools, "PLACES", (f"{tmp_path}/PostgreSQL/*/bin",))
    assert pgtools.find("pg_dump", 15) == bin_folder / "pg_dump.exe"


def test_backups_go_to_the_users_own_folder(windows, tmp_path, monkeypatch):
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert backup.default_folder() == tmp_path / "memory-mcp" / "backups"


@pytest.mark.parametrize("path", [r"\\host\share\x.txt", "//host/share/x.txt", r"\\?\UNC\host\share\x"])
def test_a_file_on_another_machine_is_not_even_looked_at(path, tmp_path, monkeypatch):
    def looked(*_, **__):
        raise AssertionError("it was looked at")

    monkeypatch.setattr(Path, "resolve", looked)
    with pytest.raises(RefusedError):
        files.read(path, [tmp_path])


def test_a_command_line_keeps_its_backslashes():
    line = r'"C:\Program Files\memory-mcp\memory-mcp.exe" serve --project a'
    assert words(line, windows=True) == [
        r"C:\Program Files\memory-mcp\memory-mcp.exe",
        "serve",
        "--project",
        "a",
    ]
    assert words("'a b' c", windows=False) == ["a b", "c"]


def test_claude_desktop_is_found_below_appdata(windows):
    file = CLIENTS["claude-desktop"].user
    assert file is not None
    assert file(Path("home")).as_posix() == "home/AppData/Roaming/Claude/claude_desktop_config.json"
