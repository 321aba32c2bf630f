"""The bed keeps its promises: machines are fresh, reachable, durable and leave nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.hosts.bed import cache, cgroup, needs
from tests.hosts.bed.__main__ import there_are
from tests.hosts.bed.cgroup import ROOT, Cgroup
from tests.hosts.bed.lab import STATE, Lab, free, sweep
from tests.hosts.conftest import Machines


@pytest.fixture
def only_labs() -> Iterator[None]:
    """No other test opens a session of its own meanwhile: it could take the number of one that just ended."""
    with cache.locked("only-labs"):
        yield


BARE = "! command -v python3 gcc psql curl gpg && ! test -e /usr/lib/postgresql"


@pytest.mark.parametrize("image", ["debian12", pytest.param("debian13", marks=pytest.mark.hosts("all"))])
def test_machine_is_bare_and_whole(machine: Machines, image: str) -> None:
    m = machine(image)
    assert m.ssh(BARE).returncode == 0
    assert m.ssh("systemctl is-system-running --wait").stdout == "running\n"
    assert m.ssh(". /etc/os-release; echo $ID$VERSION_ID").stdout == f"{image}\n"
    assert m.ssh("cat", input="through stdin").stdout == "through stdin"


def test_ops_becomes_root_without_password(machine: Machines) -> None:
    m = machine("debian12")
    assert m.ssh("id -un", user="ops").stdout == "ops\n"
    assert m.ssh("sudo -n id -un", user="ops").stdout == "root\n"


@pytest.mark.hosts("all")
def test_testinfra_looks_into_a_machine(machine: Machines) -> None:
    host = machine("debian12").testinfra()
    assert host.service("ssh").is_running
    assert host.user("ops").exists


def test_pyinfra_reaches_a_machine_through_its_inventory(machine: Machines, tmp_path: Path) -> None:
    m = machine("debian12")
    inventory = m.inventory("ops", sudo=True, colour="green")
    [(name, data)] = runpy.run_path(str(inventory))["hosts"]
    assert (name, data["colour"]) == (m.name, "green")
    done = subprocess.run(
        ["pyinfra", "-y", inventory, "exec", "--", "id -un > /root/who"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert m.run("cat /root/who").stdout == "root\n"


def test_reboot_keeps_the_disk_and_changes_the_boot(machine: Machines) -> None:
    m = machine("debian12")
    first = m.ssh(
        "echo kept > /var/kept; touch /run/lost; systemd-analyze >/dev/null; cat /etc/machine-id"
    ).stdout
    pid = m.pid1()
    m.reboot()
    assert m.pid1() != pid
    assert m.ssh("cat /var/kept; ls /run/lost").stdout == "kept\n"
    assert m.ssh("cat /etc/machine-id").stdout == first


def test_power_cut_stops_everything_and_keeps_the_disk(machine: Machines) -> None:
    m = machine("debian12")
    m.ssh("echo written > /var/kept; systemd-run --unit=work sleep 1000")
    m.power_cut()
    assert not m.running()
    assert m.ssh("true").returncode == 255
    m.start()
    assert m.ssh("cat /var/kept; systemctl is-active work").stdout == "written\ninactive\n"


@pytest.mark.hosts("all")
def test_machine_that_was_shut_down_starts_again(machine: Machines) -> None:
    m = machine("debian12")
    m.off()
    assert not m.running()
    m.start()
    assert m.ssh("true").returncode == 0


@pytest.mark.hosts("all")
def test_five_machines_see_each_other(machine: Machines) -> None:
    machines = machine.several("debian12", 5)
    assert len({m.ip for m in machines}) == 5
    ids = {m.ssh("cat /etc/machine-id").stdout for m in machines}
    assert len(ids) == 5
    for other in machines[1:]:
        greeting = machines[0].ssh(f"exec 3<>/dev/tcp/{other.ip}/22; head -c 4 <&3", user="ops")
        assert greeting.stdout == "SSH-"


@pytest.mark.hosts("all")
def test_two_machines_have_services_of_their_own(machine: Machines) -> None:
    a, b = machine.several("debian12", 2)
    a.ssh("systemctl mask --now cron systemd-journald.socket systemd-journald")
    assert b.ssh("systemctl is-active systemd-journald").stdout == "active\n"


def test_names_of_the_real_repositories_lead_nowhere(machine: Machines) -> None:
    m = machine("debian12")
    for name in ("apt.postgresql.org", "download.postgresql.org", "github.com"):
        assert m.ssh(f"getent ahostsv4 {name} | cut -d' ' -f1 | sort -u").stdout == "0.0.0.0\n"


def test_destroyed_machine_leaves_nothing(machine: Machines, lab: Lab) -> None:
    m = machine("debian12")
    assert traces(lab.n, m.name, m.port.name)
    m.destroy()
    assert not traces(lab.n, m.name, m.port.name)


DIES = """
import sys, tempfile
from pathlib import Path
from tests.hosts.bed.lab import Lab
from tests.hosts.bed.machine import Machine, Make
from tests.hosts.bed.mirror import Mirror
lab = Lab.open()
mirror = Mirror(lab)
mirror.publish(Path(tempfile.gettempdir()))
m = Machine.create(lab, "orphan", Make("debian12", wire=True))
print(lab.n, m.port.name, m.pid1(), flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("only_labs")
@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.hosts("all"))])
def test_next_session_sweeps_what_a_killed_one_left(lab: Lab, how: signal.Signals) -> None:
    session = subprocess.Popen(
        [sys.executable, "-c", DIES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert session.stdout
    number, port, pid = session.stdout.readline().split()
    n = int(number)
    assert n != lab.n
    assert n not in sweep(), "a living session must be left alone"
    assert traces(n, "orphan", port)
    session.send_signal(how)
    session.communicate()
    assert alive(pid), "the machine outlives its session"
    assert len(processes_of(n)) >= 3, "machine, cable and package server"
    sweep()
    assert not traces(n, "orphan", port)
    assert not alive(pid)
    assert not processes_of(n)
    assert not Path(f"/sys/class/net/mb{n}").exists()
    assert f"10.78.{n}.0/24" not in subprocess.check_output(["iptables-save"], text=True)


WAITS = """
import time
from pathlib import Path

import pytest

@pytest.mark.parametrize("number", range({workers}))
def test_waits(machine, lab, number):
    m = machine("debian12", name="interrupted")
    new = Path(__file__).with_name(f"new-{{number}}")
    new.write_text(f"{{lab.n}} {{m.port.name}} {{m.pid1()}}")
    new.rename(new.with_name(f"waits-{{number}}"))
    time.sleep(600)
"""


@pytest.mark.usefixtures("only_labs")
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.hosts("all"))])
def test_interrupted_tests_clean_up_themselves(
    lab: Lab, tmp_path: Path, pytestconfig: pytest.Config, workers: int
) -> None:
    """Ctrl-C reaches every process of the terminal's foreground: pytest itself and its workers."""
    (tmp_path / "test_waits.py").write_text(WAITS.format(workers=workers))
    plugins = ("-p", "tests.conftest", "-p", "tests.hosts.conftest", "-p", "no:cacheprovider")
    argv = [
        *("env", "--default-signal=INT"),  # who starts the tests in the background has it ignored
        sys.executable,
        "-m",
        "pytest",
        "-qs",
        f"-n{workers if workers > 1 else 0}",
        "--dist=load",
        *plugins,
        "-c",
        str(pytestconfig.inipath),
        str(tmp_path),
    ]
    pytest_itself = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
    while len(waiting := list(tmp_path.glob("waits-*"))) < workers:
        assert pytest_itself.poll() is None, pytest_itself.communicate()
        time.sleep(0.05)
    made = [said.read_text().split() for said in waiting]
    assert all(traces(int(number), "interrupted", port) for number, port, _ in made)
    os.killpg(pytest_itself.pid, signal.SIGINT)
    pytest_itself.communicate()
    for number, port, pid in made:
        assert not alive(pid)
        if free(int(number)):  # else another run of the tests on this box has taken it by now
            assert not traces(int(number), "interrupted", port)
            assert not (STATE / number).exists()


@pytest.mark.usefixtures("lab")  # where the box can make machines
def test_last_session_leaves_no_cgroup_while_others_begin_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = f"memory-mcp-tests-{os.getpid()}"
    monkeypatch.setattr(cgroup, "TREE", tree)

    def sessions(number: int) -> None:
        for _ in range(50):
            group = Cgroup(str(number))
            group.create()
            assert all(path.is_dir() for path in group.paths)
            group.remove()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sessions, range(4)))
    assert [*ROOT.glob(tree), *ROOT.glob(f"*/{tree}")] == []


def by_hand(*argv: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.hosts.bed", *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.hosts("all")
def test_machine_made_by_hand_stays_until_it_is_removed(lab: Lab) -> None:
    name = f"by-hand-{lab.n}"
    assert by_hand("up", name, "debian12").returncode == 0
    assert "already" in by_hand("up", name, "debian12").stderr
    sweep()
    assert name in by_hand("list").stdout
    assert by_hand("ssh", name, "cat", "/etc/hostname").stdout == f"{name}\n"
    assert by_hand("rm", name).returncode == 0
    assert name not in by_hand("list").stdout
    gone = by_hand("rm", name)
    assert gone.returncode == 1
    assert "there is no machine" in gone.stderr
    hand = Lab.by_hand()
    with cache.locked("by-hand"):
        if not there_are(hand):  # else somebody has one on this box
            assert not hand.folder.exists()
            assert not Path("/sys/class/net", hand.network.bridge).exists()


def test_packages_that_the_bed_needs_are_listed_by_any_python() -> None:
    plain = [*("/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "python3", "-I", "-S"), needs.__file__]
    listed = subprocess.check_output(plain, text=True).split()
    assert {"systemd-container", "mmdebstrap", "nftables"} <= set(listed)


def processes_of(n: int) -> list[str]:
    """Command lines that name the session's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            found.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if f"{STATE}/{n}/" in line]


def alive(pid: str) -> bool:
    """Whether the process runs; a zombie that waits for its parent does not."""
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def traces(n: int, name: str, port: str) -> list[str]:
    """Mounts, namespaces, links, cgroups and folders of a machine that are there."""
    found = [
        line
        for line in Path("/proc/self/mounts").read_text().splitlines()
        if f"{STATE}/{n}/machines/{name}/" in line
    ]
    namespaces = json.loads(subprocess.check_output(["ip", "-j", "netns", "list"], text=True) or "[]")
    found += [f"netns {ns['name']}" for ns in namespaces if ns["name"] == port]
    found += [f"link {port}"] if Path("/sys/class/net", port).exists() else []
    found += [str(p) for p in ROOT.glob(f"*/memory-mcp-tests/{n}/{name}")]
    found += [str(p) for p in ROOT.glob(f"memory-mcp-tests/{n}/{name}")]
    folder = STATE / str(n) / "machines" / name
    return found + ([str(folder)] if folder.exists() else [])
