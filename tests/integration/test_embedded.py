"""The embedded server, as a user without root uses it: started, stopped, killed, interrupted."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memory_mcp.embedded import programs
from memory_mcp.errors import Exit
from tests.integration.postgres import free_port
from tests.integration.somebody import COMMAND, somebody
from tests.needs import missing


@pytest.fixture
def user():
    with somebody() as one:
        yield one


@pytest.fixture(scope="module")
def settled():
    """One whose cluster is made already; each test leaves it usable."""
    with somebody() as one:
        one.embedded("start")
        yield one


def test_a_first_start_makes_a_private_cluster_that_trusts_nobody(user):
    assert user.state() == "absent"
    answer = user.embedded("start")
    assert (answer["state"], answer["version"], answer["data_major"]) == (
        "running",
        programs.find().version,
        18,
    )
    for path in (user.directory, user.directory / "18", user.data):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    private = [user.directory / "18" / "pgpass", user.directory / "port", user.data / "pg_hba.conf"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in private] == [0o600] * 3
    assert not (user.directory / "18" / "initdb.password").exists()
    assert user.admin("SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules") == "scram-sha-256"
    refused = subprocess.run(
        [programs.find().path("psql"), "-Xw", "-h", "127.0.0.1", "-p", str(user.port), "-U", "postgres"],
        env={"HOME": "/nonexistent", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no password supplied" in refused.stderr
    assert user.admin("SHOW listen_addresses") == "127.0.0.1"
    assert user.admin("SHOW data_checksums") == "on"


def test_nothing_listens_but_the_port_on_loopback(settled):
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [row[1] for row in listening if row[3] == "0A" and int(row[1].split(":")[1], 16) == settled.port]
    assert ours == [f"0100007F:{settled.port:04X}"]
    sockets = Path("/proc/net/unix").read_text()
    assert f".s.PGSQL.{settled.port}" not in sockets


def test_a_second_start_changes_nothing(settled):
    before = settled.pid, (settled.data / "conf.d" / "00-embedded.conf").stat().st_mtime_ns
    assert settled.embedded("start")["changes"] == []
    assert (settled.pid, (settled.data / "conf.d" / "00-embedded.conf").stat().st_mtime_ns) == before


def test_letters_of_other_languages_have_their_cases_whatever_the_system_speaks(settled):
    assert settled.admin("SELECT lower('ÄÉЖ')") == "äéж"


def test_stop_and_status_say_what_is_and_may_be_repeated(settled):
    assert settled.embedded("stop")["stopped"] == [str(settled.data)]
    assert settled.embedded("stop")["stopped"] == []
    status = settled.memory("embedded", "status")
    assert (status.returncode, "stopped" in status.stdout) == (Exit.UNREACHABLE, True)
    settled.embedded("start")
    assert settled.memory("embedded", "status").returncode == Exit.OK


def test_two_starts_at_the_same_time_make_one_server(user):
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: user.embedded("start"), range(2)))
    assert {answer["pid"] for answer in answers} == {user.pid}
    assert sorted(len(answer["changes"]) for answer in answers) == [0, 2]


def test_data_outlive_a_killed_server(settled):
    settled.admin("CREATE TABLE IF NOT EXISTS kept (x int); TRUNCATE kept; INSERT INTO kept VALUES (42)")
    os.kill(settled.pid, signal.SIGKILL)
    assert settled.embedded("start")["changes"]
    assert settled.admin("SELECT x FROM kept") == "42"


def test_a_pid_that_went_to_another_program_does_not_block_the_start(settled):
    left = (settled.data / "postmaster.pid").read_text()
    settled.embedded("stop")
    other = subprocess.Popen(settled.command("sleep", "600"))  # of the same user: PostgreSQL would believe it
    try:
        time.sleep(0.2)
        pid_file = settled.data / "postmaster.pid"
        pid_file.write_text("\n".join([str(other.pid), *left.split("\n")[1:]]))
        os.chown(pid_file, settled.data.stat().st_uid, settled.data.stat().st_gid)
        assert settled.state() == "stopped"
        settled.embedded("start")
        assert settled.pid != other.pid
    finally:
        other.kill()
        other.wait()


def test_a_taken_port_is_named_and_another_can_be_chosen(settled):
    settled.embedded("stop")
    with socket.create_server(("127.0.0.1", settled.port)):
        done = settled.memory("embedded", "start")
        assert done.returncode == Exit.FAILED
        assert f"port {settled.port} on 127.0.0.1 is taken" in done.stderr
        assert "--port" in done.stderr
        wanted = free_port()
        assert settled.embedded("start", "--port", str(wanted))["port"] == wanted
    assert settled.admin("SHOW port") == str(wanted)
    assert settled.embedded("start")["changes"] == []  # it is kept


def test_a_running_server_moves_to_another_port(settled):
    wanted = free_port()
    changes = settled.embedded("start", "--port", str(wanted))["changes"]
    assert changes[0].startswith("restarted: port ")
    assert settled.admin("SHOW port") == str(wanted)


def test_why_it_does_not_start_is_told_from_the_log(settled):
    settled.embedded("stop")
    extra = settled.data / "conf.d" / "99-mine.conf"
    extra.write_text("shared_buffers = 'a lot'\n")
    try:
        done = settled.memory("embedded", "start")
        assert done.returncode == Exit.FAILED
        assert 'invalid value for parameter "shared_buffers"' in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        extra.unlink()
    settled.embedded("start")


def test_a_user_s_own_settings_win(settled):
    extra = settled.data / "conf.d" / "10-mine.conf"
    extra.write_text("work_mem = '7MB'\n")
    settled.embedded("stop")
    settled.embedded("start")
    assert settled.admin("SHOW work_mem") == "7MB"
    extra.unlink()


def test_log_files_are_few_and_hold_no_statements(settled):
    logs = settled.data / "log"
    for number in range(9):
        (logs / f"server-2000010{number}-000000.log").write_text("old\n")
    with pytest.raises(AssertionError, match="does not exist"):
        settled.admin("SELECT 'a secret memory' FROM nowhere_at_all")
    settled.embedded("stop")
    settled.embedded("start")
    kept = sorted(path.name for path in logs.glob("server-*.log"))
    assert len(kept) <= 6  # five, and the one that this start began
    text = "".join((logs / name).read_text() for name in kept)
    assert "nowhere_at_all" in text
    assert "a secret memory" not in text


def test_root_is_refused_in_words(tmp_path):
    if os.geteuid() != 0:
        missing("only root can see this refusal")
    done = subprocess.run(
        [COMMAND, "embedded", "start", "--directory", tmp_path / "pg"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.REFUSED
    assert "does not run as root" in done.stderr
    assert not (tmp_path / "pg").exists()


def test_a_long_path_is_no_obstacle(user):
    deep = user.home / ("x" * 100) / ("y" * 100)
    answer = user.embedded("start", "--directory", str(deep))
    assert answer["state"] == "running"
    user.embedded("stop", "--directory", str(deep))


LESS_TELLING = ("initdb/PG_VERSION", "initdb/pg_hba.conf", "data/conf.d")


@pytest.mark.parametrize(
    "point",
    [
        "initdb/global/pg_control",
        "data/log",
        *(pytest.param(point, marks=pytest.mark.hosts("all")) for point in LESS_TELLING),
    ],
)
def test_interrupted_anywhere_the_next_start_finishes(user, point):
    """Everything of the start is killed the moment that a file appears."""
    begun = user.begin("embedded", "start")
    place = user.directory / "18" / point
    until = time.monotonic() + 60
    while not place.exists() and begun.poll() is None:
        assert time.monotonic() < until
    kill_session(begun.pid)
    begun.wait()
    answer = user.embedded("start")
    assert answer["state"] == "running"
    assert user.admin("SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == "0"
    aside = list((user.directory / "18").glob("set-aside-*"))
    assert len(aside) == (1 if point.startswith("initdb") else 0)
    assert not (user.directory / "18" / "initdb").exists()
    assert user.embedded("start")["changes"] == []


def kill_session(session: int) -> None:
    """SIGKILL to every process of a session, initdb's and pg_ctl's own children too."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            os.kill(int(entry.name), signal.SIGKILL)


def test_a_folder_that_is_no_cluster_is_refused_and_left(user):
    user.run("mkdir", "-p", user.data)
    user.run("touch", user.data / "thesis.txt")
    done = user.memory("embedded", "start")
    assert done.returncode == Exit.REFUSED
    assert "not empty" in done.stderr
    assert (user.data / "thesis.txt").exists()


def test_errors_of_a_stopped_server_name_the_command_that_starts_it(settled):
    settled.embedded("stop")
    url = f"postgresql://memory_user:x@127.0.0.1:{settled.port}/memory_default"
    wrong = settled.memory("db", "status", "--json", "--database-url", url)
    assert wrong.returncode == Exit.UNREACHABLE
    error = json.loads(wrong.stdout)["error"]
    assert (error["why"], error["fix"]) == ("the embedded server is not running", "memory-mcp embedded start")
    checked = settled.memory("doctor", "--database-url", url)
    assert "memory-mcp embedded start" in checked.stdout
    settled.embedded("start")


def test_the_env_file_may_name_another_directory(user):
    folder = user.home / ".config" / "memory-mcp"
    user.run("mkdir", "-p", folder)
    (folder / ".env").write_text(f"MEMORY_BACKEND=postgres\nMEMORY_EMBEDDED_DIRECTORY={user.home}/elsewhere\n")
    assert user.embedded("start")["data"] == f"{user.home}/elsewhere/18/data"
    user.embedded("stop")
