"""Host programs on Windows, with the platform pretended: no POSIX call is made, and paths are Windows' own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from memory_provision import programs
from memory_provision.remote import kit
from memory_provision.remote.base import Trouble

POSIX_ONLY = ("chown", "chmod", "fchown", "fchmod", "geteuid", "getegid", "getuid")
Remote = Callable[[str], ModuleType]


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """The modules of the kit's program as Windows imports them: no fcntl, grp and pwd, no owners in os."""
    ours = {name: module for name, module in sys.modules.items() if name.startswith("memory_provision")}
    for name in ("fcntl", "grp", "pwd"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "platform", "win32")
    for name in POSIX_ONLY:
        monkeypatch.delattr(os, name)
    text = programs.file_program("kit", {}).rpartition("sys.exit(")[0]
    exec(compile(text, "program.py", "exec"), {})
    yield lambda name: sys.modules[f"memory_provision.remote.{name}"]
    for name in [name for name in sys.modules if name.startswith("memory_provision")]:
        del sys.modules[name]
    sys.modules.update(ours)


def test_files_are_replaced_and_the_old_one_kept(windows, tmp_path):
    base = windows("base")
    report, path = base.Report(), str(tmp_path / "x.json")
    for text in ("one\n", "two\n", "two\n"):
        base.sync_file(report, True, path, text, base.Rights(0o600, "root", "nobody-there"))
    assert Path(path).read_bytes() == b"two\n"
    assert Path(path + ".bak").read_bytes() == b"one\n"
    assert report.changes == [f"{path} written", f"{path} changed"]


def test_folders_inherit_who_may_read_them(windows, tmp_path, monkeypatch):
    base, made = windows("base"), []
    monkeypatch.setattr(os, "mkdir", lambda *args: made.append(args))
    base.sync_directory(base.Report(), True, str(tmp_path / "config"), base.Rights(0o755))
    # a mode of 0700 would be an access list of its own (Python 3.13)
    assert made[-1] == (str(tmp_path / "config"),)


def test_a_virtual_environment_has_its_programs_elsewhere(windows):
    server = windows("server")
    assert (server.BIN, server.EXE, server.PIP_CONF) == ("Scripts", ".exe", "pip.ini")
    found = windows("memory").command({"install_dir": "C:/Program Files/memory-mcp"})
    assert found == "C:/Program Files/memory-mcp/current/Scripts/memory-mcp.exe"


def test_a_link_to_a_folder_is_moved_and_then_left_alone(windows, tmp_path):
    old, new, link = (tmp_path / name for name in ("old", "new", "current"))
    old.mkdir()
    new.mkdir()
    server, report = windows("server"), windows("base").Report()
    for target in (old, new, new):
        server._link(report, True, str(target), str(link))
    assert link.resolve() == new
    assert len(report.changes) == 2


def test_places_are_filled_in_and_keep_their_type():
    request = {
        "server": {"port": "@PORT@", "url": "localhost:@PORT@/x", "list": ["@CONFIG_DIR@/.env"], "n": None}
    }
    filled = kit.fill(request, {"port": 5433, "config_dir": "C:/ProgramData/memory-mcp"})
    assert filled == {
        "server": {
            "port": 5433,
            "url": "localhost:5433/x",
            "list": ["C:/ProgramData/memory-mcp/.env"],
            "n": None,
        },
        "port": 5433,
        "config_dir": "C:/ProgramData/memory-mcp",
    }


def test_what_pip_said_is_explained():
    told = kit.told(Trouble("packages could not be installed", "getaddrinfo failed"))
    assert "DNS" in told["why"]
    assert told["fix"]
