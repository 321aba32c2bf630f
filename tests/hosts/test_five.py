"""Five machines of five systems, each job in one run, from bare to gone; PostgreSQL and pgvector are PGDG's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import facts
from tests.hosts.bed import mirror_rpm
from tests.hosts.bed.machine import Machine
from tests.hosts.bed.mirror import Mirror
from tests.hosts.conftest import Machines
from tests.hosts.provision import MAIN_JOB, Run, data, dry, inventory_of, provision

pytestmark = pytest.mark.hosts("all")
IMAGES = ("debian12", "el8", "el9", "el10", "fedora")
UPGRADE, UNINSTALL = "deploys/upgrade_pgvector.py", "deploys/uninstall.py"
VERSION = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
# A repository with 0.8.99: what the package of 0.8.0 holds, renumbered.
NEWER_DEB = """
set -e
mkdir -p /srv/newer && cd /srv/newer
apt-get download -q postgresql-15-pgvector && dpkg-deb -R postgresql-15-pgvector_*.deb tree && rm *.deb
sed -i 's/^Version: .*/Version: 0.8.99-1.pgdg12+1/' tree/DEBIAN/control
cd tree/usr/share/postgresql/15/extension
sed -i s/0.8.0/0.8.99/ vector.control
touch vector--0.8.0--0.8.99.sql && cp vector--0.8.0.sql vector--0.8.99.sql
cd /srv/newer && dpkg-deb -b tree newer.deb && rm -rf tree
{ dpkg-deb -f newer.deb; echo "Filename: ./newer.deb"; echo "Size: $(stat -c %s newer.deb)"
  echo "SHA256: $(sha256sum newer.deb | cut -d' ' -f1)"; } > Packages
echo 'deb [trusted=yes] file:/srv/newer ./' > /etc/apt/sources.list.d/newer.list
"""
NEWER_RPM = """
cat > /etc/yum.repos.d/newer.repo <<'END'
[newer]
name=newer
baseurl=https://mirror.lab/newer
gpgkey=file:///etc/pki/rpm-gpg/memory-mcp-pgdg.asc
gpgcheck=1
repo_gpgcheck=1
END
"""
SECOND = """
CREATE DATABASE memory_two OWNER memory_user;
\\c memory_two
CREATE EXTENSION vector;
CREATE DATABASE elsewhere;
\\c elsewhere
CREATE EXTENSION vector;
"""


class Story:
    """The machines, and what happened to them."""

    def __init__(self, machines: list[Machine], inventory: Path, *options: str) -> None:
        self.machines = {m.made.image: m for m in machines}
        self.inventory, self.options = inventory, options
        self.first = self.run()

    def run(self, *options: str, job: str = MAIN_JOB) -> Run:
        return provision(self.inventory, *self.options, *options, job=job)


def add_project(machine: Machine, name: str, database: str) -> None:
    projects = facts.registry(machine)
    url = projects["local"]["databaseUrl"]
    projects[name] = {"databaseUrl": url.replace("/memory_default", f"/{database}")}
    machine.run("cat > /etc/memory-mcp/config/projects.json", input=json.dumps(projects))


@pytest.fixture(scope="module")
def story(
    shared_machine: Machines, session_mirror: Mirror, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    keys = {"pgdg_apt_key": session_mirror.apt_key, "pgdg_yum_key": session_mirror.rpm_key}
    options = data(keys)
    session_mirror.begin()
    machines = [shared_machine(image, pgdg=True) for image in IMAGES]
    yield Story(machines, inventory_of(tmp_path_factory.mktemp("five"), machines), *options)


@pytest.fixture(params=IMAGES)
def m(story: Story, request: pytest.FixtureRequest) -> Machine:
    return story.machines[request.param]


def test_the_run_says_what_it_took(story: Story):
    assert story.first.returncode == 0, story.first.said
    assert story.first.said.count("PostgreSQL 15 (pgdg)") == len(IMAGES)
    assert len({facts.password(m) for m in story.machines.values()}) == len(IMAGES)


def test_each_keeps_the_contract(m: Machine):
    facts.assert_provisioned(m, 15)


def test_packages_are_pgdgs_and_were_verified(m: Machine, session_mirror: Mirror):
    if m.made.image == "debian12":
        assert "pgdg12" in m.run("dpkg-query -W -f '${Version}' postgresql-15").stdout
        assert "pgdg12" in m.run("dpkg-query -W -f '${Version}' postgresql-15-pgvector").stdout
        sources = m.run("cat /etc/apt/sources.list.d/memory-mcp-pgdg.sources").stdout
        assert "Signed-By: /usr/share/keyrings/memory-mcp-pgdg.asc" in sources
        assert m.run("apt-get update 2>&1 | grep -E '^[WE]:'").stdout == ""
    else:
        assert m.run("rpm -V postgresql15-server pgvector_15").returncode == 0
        repository = m.run("cat /etc/yum.repos.d/memory-mcp-pgdg.repo").stdout
        assert repository.count("\ngpgcheck=1\nrepo_gpgcheck=1\n") == 2
        assert session_mirror.requests(r"/15/.*/repodata/repomd\.xml\.asc")


def test_a_second_run_changes_nothing(story: Story):
    again = story.run()
    assert (again.returncode, again.changes) == (0, 0), again.said


def test_each_works_after_a_reboot(m: Machine):
    facts.assert_works_after_a_reboot(m, 15)


def test_a_dry_run_has_nothing_to_say_then(story: Story):
    again = dry(story.inventory, *story.options)
    assert again.returncode == 0, again.stderr
    assert "would be:" not in again.stderr


def test_pgvector_follows_a_newer_package_in_every_projects_database(story: Story, session_mirror: Mirror):
    session_mirror.publish(mirror_rpm.newer())
    for image, m in story.machines.items():
        facts.sql(m, SECOND, "postgres")
        add_project(m, "two", "memory_two")
        made = m.run(NEWER_DEB if image == "debian12" else NEWER_RPM)
        assert made.returncode == 0, made.stderr
    planned = dry(story.inventory, *story.options, job=UPGRADE)
    assert planned.stderr.count("pgvector 0.8.0 → 0.8.99") == len(IMAGES), planned.stderr
    assert {tuple(facts.sql(m, VERSION)) for m in story.machines.values()} == {("0.8.0",)}
    run = story.run(job=UPGRADE)
    assert run.returncode == 0, run.said
    assert run.said.count("memory_two: vector 0.8.99") == len(IMAGES)
    for m in story.machines.values():
        assert facts.sql(m, VERSION) == facts.sql(m, VERSION, "memory_two") == ["0.8.99"]
        assert facts.sql(m, VERSION, "elsewhere") == ["0.8.0"], "no project's database: not ours to change"
    again = story.run(job=UPGRADE)
    assert (again.returncode, again.changes) == (0, 0), again.said


def test_the_data_go_when_they_are_given_up_by_name_and_backups_stay(story: Story):
    for m in story.machines.values():
        facts.sql(m, "DROP DATABASE elsewhere", "postgres")
        facts.sql(m, "DROP DATABASE memory_two", "postgres")
    refused = story.run("--data", "purge_data=true", job=UNINSTALL)
    assert refused.returncode == 1
    assert refused.said.count("confirm=memory_default") == len(IMAGES)
    assert all(facts.sql(m, "SELECT name FROM memory_indexes") == ["memory"] for m in story.machines.values())
    purge = ("--data", "purge_data=true", "--data", "confirm=memory_default")
    run = story.run(*purge, job=UNINSTALL)
    assert run.returncode == 0, run.said
    assert run.said.count("backup: /var/backups/memory-mcp/memory_default") == len(IMAGES)
    again = story.run(*purge, job=UNINSTALL)
    assert (again.returncode, again.changes) == (0, 0), again.said


def test_nothing_but_backups_is_left(m: Machine):
    facts.assert_gone(m)
    assert m.run("ls -d /var/lib/pgsql/15/data /var/lib/postgresql/15/main").stdout == ""
    modes = m.run("stat -c '%a %U' /var/backups/memory-mcp/*.dump").stdout
    assert set(modes.splitlines()) == {"600 root"}
