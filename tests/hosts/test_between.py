"""Between a machine and its mirrors: a CA that it does not trust yet, a proxy. And SELinux, before a port.

SELinux is a stand-in (the bed's kernel has none): `getenforce` and `semanage` that answer as the real ones do.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.hosts import facts
from tests.hosts.bed.lab import Lab
from tests.hosts.bed.machine import Machine
from tests.hosts.bed.mirror import Mirror
from tests.hosts.bed.proxy import proxy
from tests.hosts.conftest import Machines
from tests.hosts.provision import as_printed, dry, provision, provisioned

pytestmark = pytest.mark.hosts("all")
FORGET = "rm /usr/local/share/ca-certificates/test-bed.crt && update-ca-certificates --fresh"
# by the server's own HTTP client, which asks for embeddings
ASK = """/opt/memory-mcp/current/bin/python -c '
import httpx2
print(httpx2.get("https://www.postgresql.org/media/keys/ACCC4CF8.asc").status_code)'"""
PGDG = ("--data", "postgres_source=pgdg")
PROXY = "http://proxy.example:3128"  # as the page has it


def test_on_debian_without_systemd_cas_and_a_proxy_are_known_to_every_download(
    machine: Machines, mirror: Mirror, lab: Lab, fault: ModuleType
):
    m = machine("debian12", pgdg=True, systemd=False)
    facts.look(m, FORGET)
    options = ("--data", f"pgdg_apt_key={mirror.apt_key}", *PGDG)
    without = provision(m.inventory(), *options)
    assert without.returncode == 1, "PGDG cannot be believed"
    assert "fix: name that CA: --data ca_files=FILE" in without.said
    trusting = (*options, "--data", f"ca_files={mirror.ca}")
    with proxy(lab) as between, fault.noweb(m):
        said = printed(PROXY, between.url, "proxy", m.inventory(), *trusting)
        assert "PostgreSQL 15 (pgdg)" in said
        assert "CAs of ca_files trusted" in said
        assert "pg_ctlcluster 15 main start (no systemd here)" in said
        facts.assert_provisioned(m, 15, systemd=False)
        assert {"apt.postgresql.org", "mirror.lab"} <= between.seen
    assert mirror.requests(r"/simple/mcp/")
    assert m.run(ASK).stdout == "200\n"
    printed("company-ca.pem", mirror.ca, "ca_files", m.inventory(), *options)
    assert provisioned(m, *trusting).changes == 0
    m.power_cut()  # nothing starts a cluster at boot there: the next run does
    m.start()
    assert "cluster 15/main started" in provisioned(m, *trusting).said
    facts.assert_provisioned(m, 15, systemd=False)
    planned = dry(m.inventory(), *trusting)
    assert planned.returncode == 0, planned.stderr
    assert "would be:" not in planned.stderr


SEMANAGE = """\
#!/bin/sh
# a stand-in: `semanage port -l`, `semanage port -a -t TYPE -p tcp PORT`
list=/var/lib/semanage-ports
[ -e $list ] || echo 5432 9898 >$list
case "$*" in
"port -l") echo "postgresql_port_t              tcp      $(sed 's/ /, /g' $list)" ;;
"port -a -t postgresql_port_t -p tcp "*) echo "$7 $(cat $list)" >$list ;;
*) exit 1 ;;
esac
"""


def test_on_el_so_they_are_for_a_user_with_sudo_and_selinux_is_told_the_port(
    machine: Machines, mirror: Mirror, lab: Lab, fault: ModuleType
):
    m = machine("el8", pgdg=True)
    facts.look(m, FORGET)
    put_program(m, "/usr/sbin/getenforce", "#!/bin/sh\necho Enforcing\n")
    put_program(m, "/usr/sbin/semanage", "#!/bin/sh\nexit 1\n")
    key, where = ("--data", f"pgdg_yum_key={mirror.rpm_key}"), (*PGDG, "--data", "postgres_port=5544")
    without = provision(m.inventory("ops"), *key, *where)
    assert without.returncode == 1, "PGDG cannot be believed"
    trusting = (*where, "--data", f"ca_files={mirror.ca}")
    m.run("rm -f /etc/pki/rpm-gpg/memory-mcp-pgdg.asc")
    fetched = provision(m.inventory("ops"), *trusting)  # now PGDG's key is fetched: the mirror's own, of course
    assert "is not the pinned one" in fetched.said
    assert "CAs of ca_files trusted" in fetched.said
    options = (*key, *trusting)
    with proxy(lab) as between, fault.noweb(m):
        denied = provision(m.inventory("ops"), *options, "--data", f"proxy={between.url}")
        assert denied.returncode == 1
        assert "SELinux does not let PostgreSQL listen on port 5544" in denied.said
        assert "fix: semanage port -a -t postgresql_port_t -p tcp 5544" in denied.said
        put_program(m, "/usr/sbin/semanage", SEMANAGE)
        said = printed(PROXY, between.url, "proxy", m.inventory("ops"), *options)
        assert "PostgreSQL 15 (pgdg)" in said
        assert {"download.postgresql.org", "mirror.lab"} <= between.seen
    assert mirror.requests(r"/simple/mcp/")
    assert m.run("semanage port -l").stdout.split()[2:] == ["5544,", "5432,", "9898"]
    facts.assert_provisioned(m, 15, port=5544)
    printed("company-ca.pem", mirror.ca, "ca_files", m.inventory("ops"), *key, *where)
    assert provisioned(m, *options, user="ops").changes == 0


def put_program(machine: Machine, path: str, text: str) -> None:
    facts.look(machine, f"cat > {path} && chmod 755 {path}", input=text)


def printed(name: str, value: Path | str, setting: str, inventory: Path, *options: str) -> str:
    """What the page's command for a setting says, with `value` for the name that is printed there."""
    done = as_printed("docs/offline.md", name, value, setting, inventory, *options)
    assert done.returncode == 0, done.stderr
    return done.stderr
