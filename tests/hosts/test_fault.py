"""Each fault is felt on the machine, and is over when it is healed."""

from __future__ import annotations

import time

import pytest

from tests.hosts.bed import fault
from tests.hosts.bed.command import run
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines

pytestmark = pytest.mark.hosts("all")


@pytest.fixture(scope="module")
def m(shared_machine: Machines) -> Machine:
    """One machine that all these faults strike in turn; PGDG makes the package server run."""
    return shared_machine("debian12", pgdg=True)


def banner_seconds(machine: Machine) -> float:
    """How long the machine takes to be logged in to and answer."""
    begin = time.monotonic()
    assert machine.ssh("true").returncode == 0
    return time.monotonic() - begin


def test_slow_link_delays_every_round_trip(machine: Machines) -> None:
    wired = machine("debian12", wire=True)
    usual = banner_seconds(wired)
    with fault.slow(wired, 0.1):
        time.sleep(0.1)  # the wire looks at its settings 20 times a second
        # TCP's handshake, the version exchange, key exchange and authentication are more than five round trips
        assert banner_seconds(wired) > usual + 5 * 0.2
    time.sleep(0.1)
    assert wired.ssh("true").returncode == 0


def test_slow_needs_a_wire(m: Machine) -> None:
    with pytest.raises(ValueError, match="wire=True"), fault.slow(m, 0.1):
        pass


def test_lossy_link_loses_but_tcp_gets_through(m: Machine) -> None:
    with fault.lossy(m, 20):
        assert m.ssh("true").returncode == 0
        rules = m.port.within("nft", "list", "ruleset")
    assert rules.count("drop") == 2
    assert "drop" not in m.port.within("nft", "list", "ruleset")


def test_rate_throttles_what_it_receives(m: Machine) -> None:
    quarter_megabyte = "x" * 250_000
    with fault.rate(m, "1mbit"):
        begin = time.monotonic()
        assert m.ssh("wc -c", input=quarter_megabyte).stdout == "250000\n"
        assert time.monotonic() - begin > 1.0  # two megabits less the burst, at one a second
    assert "tbf" not in run("tc", "qdisc", "show", "dev", m.port.name).stdout


def test_dropped_port_hangs_and_refused_port_fails(m: Machine) -> None:
    with fault.drop(m, 22):
        assert "timed out" in m.ssh("true").stderr
    with fault.refuse(m, 22):
        assert "refused" in m.ssh("true").stderr
    assert m.ssh("true").returncode == 0


def test_noweb_keeps_it_from_the_mirror_only_while_it_lasts(m: Machine) -> None:
    connect = "timeout {} bash -c 'exec 3<>/dev/tcp/mirror.lab/443'"
    with fault.noweb(m):
        assert m.ssh(connect.format(2)).returncode == 124
    assert m.ssh(connect.format(60)).returncode == 0


def test_offline_leaves_no_way_out_and_the_way_in(m: Machine) -> None:
    connect = "timeout {} bash -c 'exec 3<>/dev/tcp/mirror.lab/443'"
    with fault.offline(m):
        assert "default" not in m.ssh("ip route").stdout
        assert m.ssh(connect.format(2)).returncode == 124
        assert banner_seconds(m) < 60
    assert "default" in m.ssh("ip route").stdout
    assert m.ssh(connect.format(60)).returncode == 0


@pytest.mark.parametrize("silent", [True, False])
def test_nodns_leaves_names_unresolved(m: Machine, silent: bool) -> None:
    server = m.ssh("awk '/^nameserver/ {print $2; exit}' /etc/resolv.conf").stdout.strip()
    ask = f"timeout 2 bash -c 'exec 3<>/dev/tcp/{server}/53'"
    reachable = m.ssh(ask).returncode
    with fault.nodns(m, silent=silent):
        patience = 2 if silent else 60
        assert m.ssh(f"timeout {patience} getent hosts name.invalid").returncode == (124 if silent else 2)
        assert m.ssh("getent hosts mirror.lab").returncode == 0
        assert m.ssh(ask).returncode == (124 if silent else 1)
    assert m.ssh(ask).returncode == reachable


def test_unplugged_machine_is_gone_and_comes_back(m: Machine) -> None:
    with fault.unplugged(m):
        assert m.ssh("true").returncode == 255
        assert "NO-CARRIER" in m.run("ip link show host0").stdout
    assert m.ssh("true").returncode == 0


def test_full_disk_takes_no_more_than_is_left(m: Machine) -> None:
    write = "dd if=/dev/zero of=/var/big bs=1M count=4 2>&1; stat -c %s /var/big; rm -f /var/big"
    with fault.full(m, free=1 << 20):
        out = m.ssh(write).stdout
        assert "No space left on device" in out
        assert int(out.splitlines()[-1]) <= 1 << 20
    assert "No space left" not in m.ssh(write).stdout


def test_readonly_folders_refuse_writing(m: Machine) -> None:
    with fault.readonly(m, "/etc", "/var"):
        assert "Read-only file system" in m.ssh("touch /etc/x").stderr
        assert "Read-only file system" in m.ssh("touch /var/lib/x").stderr
        assert m.ssh("touch /root/x").returncode == 0
    assert m.ssh("touch /etc/x /var/lib/x").returncode == 0


def test_frozen_machine_accepts_and_never_answers(m: Machine) -> None:
    with fault.frozen(m):
        answer = m.ssh("true")
        assert answer.returncode == 255
        assert "timed out" in answer.stderr
    assert m.ssh("true").returncode == 0


def test_frozen_machine_can_be_destroyed(machine: Machines) -> None:
    victim = machine("debian12")
    victim.cgroup.freeze(True)
    victim.destroy()
    assert not victim.folder.exists()


def test_faults_combine(m: Machine) -> None:
    with fault.drop(m, 5432), fault.refuse(m, 5433), fault.noweb(m):
        rules = m.port.within("nft", "list", "ruleset")
        assert all(word in rules for word in ("5432", "5433", "443"))
        assert m.ssh("true").returncode == 0
    assert m.port.within("nft", "list", "ruleset") == ""
