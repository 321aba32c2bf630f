"""Between a machine and its mirrors: a CA that it does not trust yet, a proxy."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.hosts import facts
from tests.hosts.bed.lab import Lab
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


@pytest.mark.parametrize("image", [pytest.param("debian12", id="debian12-without-systemd"), "el9"])
def test_cas_and_a_proxy_are_known_to_every_download(
    machine: Machines, mirror: Mirror, lab: Lab, fault: ModuleType, image: str
):
    systemd = image == "el9"  # how packages come and who starts the cluster have nothing to do with each other
    m = machine(image, pgdg=True, systemd=systemd)
    assert m.run(FORGET).returncode == 0
    keys = {"debian12": ("pgdg_apt_key", mirror.apt_key), "el9": ("pgdg_yum_key", mirror.rpm_key)}
    options = ("--data", "{}={}".format(*keys[image]), "--data", "postgres_source=pgdg")
    without = provision(m.inventory(), *options)
    assert without.returncode == 1, "PGDG cannot be believed"
    trusting = (*options, "--data", f"ca_files={mirror.ca}")
    said = ""
    if image == "el9":  # with the CA, PGDG's key is fetched: it is the mirror's own, of course
        m.run("rm -f /etc/pki/rpm-gpg/memory-mcp-pgdg.asc")
        fetched = provision(m.inventory(), "--data", f"ca_files={mirror.ca}", "--data", "postgres_source=pgdg")
        assert "is not the pinned one" in fetched.said
        said = fetched.said
    with proxy(lab) as between, fault.noweb(m):
        page = as_printed(
            "docs/offline.md", "http://proxy.example:3128", between.url, "proxy", m.inventory(), *trusting
        )
        assert page.returncode == 0, page.stderr
        assert "PostgreSQL 15 (pgdg)" in page.stderr
        assert "CAs of ca_files trusted" in said + page.stderr
        facts.assert_provisioned(m, 15, systemd)
        assert {"apt.postgresql.org", "download.postgresql.org"} & between.seen
        assert "mirror.lab" in between.seen
    assert mirror.requests(r"/simple/mcp/")
    if image == "debian12":
        assert m.run(ASK).stdout == "200\n"
        assert "fix: name that CA: --data ca_files=FILE" in without.said
    again = as_printed("docs/offline.md", "company-ca.pem", mirror.ca, "ca_files", m.inventory(), *options)
    assert again.returncode == 0, again.stderr
    assert provisioned(m, *trusting).changes == 0
    if not systemd:
        assert "pg_ctlcluster 15 main start (no systemd here)" in page.stderr
        m.power_cut()  # nothing starts a cluster at boot there: the next run does
        m.start()
        assert "cluster 15/main started" in provisioned(m, *trusting).said
        facts.assert_provisioned(m, 15, systemd)
        planned = dry(m.inventory(), *trusting)
        assert planned.returncode == 0, planned.stderr
        assert "would be:" not in planned.stderr
