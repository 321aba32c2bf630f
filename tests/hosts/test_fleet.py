"""Many machines: a bastion, one that fails among others, what is done only once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.conftest import Machines
from tests.hosts.provision import inventory_of, provision

pytestmark = pytest.mark.hosts("all")


def test_a_machine_behind_a_bastion(machine: Machines, tmp_path: Path):
    bastion, inner = machine("debian12"), machine("debian12", provisioned=True)
    config = tmp_path / "ssh_config"
    known = f"{bastion.folder}/known_hosts {inner.folder}/known_hosts"
    config.write_text(
        f"Host bastion\n  HostName {bastion.ip}\n  User ops\n  IdentityFile {bastion.ssh_key}\n"
        f"  UserKnownHostsFile {known}\nHost {inner.ip}\n  ProxyJump bastion\n"
    )
    run = provision(inner.inventory(ssh_config_file=str(config)))
    assert (run.returncode, run.changes) == (0, 0), run.said
    accepted = bastion.run("journalctl -o cat -u ssh | grep -c 'Accepted publickey for ops'").stdout
    assert int(accepted) >= 1, "it went through the bastion"
    peer = inner.run("journalctl -o cat -u ssh | grep 'Accepted publickey for root' | tail -n 2").stdout
    assert f"from {bastion.ip}" in peer


def test_a_machine_that_goes_away_does_not_stop_the_others(machine: Machines, tmp_path: Path):
    stays, goes = machine("debian12", provisioned=True), machine("debian12", provisioned=True)
    inventory = inventory_of(tmp_path, [goes, stays])
    goes.off()
    run = provision(inventory)
    assert run.returncode == 1
    assert f"[{stays.name}] Memory MCP is ready." in run.said
