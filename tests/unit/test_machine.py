from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_provision.machine import Cluster, Machine, Python, ServerProgram, parse

DEBIAN = """\
os_id\tdebian
os_version\t12
os_name\tDebian GNU/Linux 12 (bookworm)
os_codename\tbookworm
uid\t0
user\troot
sudo\tno
init\tsystemd
tool\tapt-get
python\t/usr/bin/python3 3.11
free\t/var/lib/postgresql 83217148
server\t15.18 /usr/lib/postgresql/15/bin
server\t17beta1 /usr/lib/postgresql/17/bin
cluster\t15 main 5432 online postgres /var/lib/postgresql/15/main
cluster\t15 my 5433 online,recovery postgres /srv/with space/15
listener\t0100007F:1538
listener\t00000000000000000000000001000000:1539
listener\t0F00000A:153A
reach\tpgdg no Could not resolve 'apt.postgresql.org'
reach\tdistribution yes
""".splitlines()


def test_a_debian_machine_is_read_whole():
    machine = parse(DEBIAN)
    assert (machine.os_id, machine.os_version, machine.os_codename) == ("debian", "12", "bookworm")
    assert machine.systemd
    assert machine.pythons == (Python("/usr/bin/python3", (3, 11)),)
    assert machine.free == (("/var/lib/postgresql", 83217148),)
    assert [s.major for s in machine.servers] == [15, 17]
    assert machine.clusters[0] == Cluster(15, "main", 5432, "online", "postgres", "/var/lib/postgresql/15/main")
    assert machine.clusters[1].online
    assert machine.clusters[1].data_directory == "/srv/with space/15"


def test_only_listeners_on_loopback_or_any_address_hold_a_port():
    assert parse(DEBIAN).listening == {0x1538, 0x1539}  # 10.0.0.15:0x153A is somebody else's address


def test_an_ipv4_address_written_as_ipv6_counts():
    assert parse(["listener\t0000000000000000FFFF00000100007F:1538"]).listening == {0x1538}


def test_reachability_keeps_the_reason():
    machine = parse(DEBIAN)
    assert machine.reaches("distribution")
    assert not machine.reaches("pgdg")
    assert machine.why_not("pgdg") == "Could not resolve 'apt.postgresql.org'"
    assert machine.why_not("something") == "not asked"


def test_nothing_said_is_a_machine_that_nothing_is_known_of():
    assert parse([]) == Machine()


def test_a_digit_that_is_no_number_is_no_version():
    assert parse(["server\t²5 /x", "uid\t²"]).uid == -1
    assert ServerProgram("²5", "/x").major == 0


def test_a_server_that_does_not_tell_its_version_has_major_0():
    assert ServerProgram("devel", "/x").major == 0


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)))
def test_no_line_makes_it_fail(lines: list[str]):
    keys = ["free", "server", "cluster", "listener", "python", "reach", "uid"]
    parse(lines + [f"{key}\t{line}" for key in keys for line in lines])
