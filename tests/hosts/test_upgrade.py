"""deploys/upgrade_pgvector.py: package, extension in every project's database, a check of the result."""

from __future__ import annotations

import json

import pytest

from tests.hosts import facts
from tests.hosts.bed.machine import Machine
from tests.hosts.conftest import Machines
from tests.hosts.provision import dry, provision, provisioned

pytestmark = pytest.mark.hosts("all")
JOB = "deploys/upgrade_pgvector.py"
# A repository on the machine itself with 0.8.99: what the package of 0.8.0 holds, renumbered.
NEWER = """
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
SECOND = """
CREATE DATABASE memory_two OWNER memory_user;
\\c memory_two
CREATE EXTENSION vector;
CREATE DATABASE elsewhere;
\\c elsewhere
CREATE EXTENSION vector;
"""
VERSION = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"


def add_project(machine: Machine, name: str, database: str) -> None:
    projects = facts.registry(machine)
    url = projects["local"]["databaseUrl"]
    projects[name] = {"databaseUrl": url.replace("/memory_default", f"/{database}")}
    machine.run("cat > /etc/memory-mcp/config/projects.json", input=json.dumps(projects))


def test_package_and_every_projects_database_follow_a_newer_release(machine: Machines, mirror):
    m = machine("debian12", disk="4g", pgdg=True)
    key = ("--data", f"pgdg_apt_key={mirror.apt_key}")
    provisioned(m, *key)
    assert provision(m.inventory(), *key, job=JOB).changes == 0, "what is there is the newest"
    facts.sql(m, SECOND, "postgres")
    add_project(m, "two", "memory_two")
    made = m.run(NEWER)
    assert made.returncode == 0, made.stderr
    planned = dry(m.inventory(), *key, job=JOB)
    assert "pgvector 0.8.0 → 0.8.99" in planned.stderr
    assert facts.sql(m, "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'") == [
        "0.8.0"
    ]
    run = provision(m.inventory(), *key, job=JOB)
    assert run.returncode == 0, run.said
    assert "memory_two: vector 0.8.99" in run.said
    assert m.run("dpkg-query -W -f '${Version}' postgresql-15-pgvector").stdout == "0.8.99-1.pgdg12+1"
    assert facts.sql(m, VERSION) == facts.sql(m, VERSION, "memory_two") == ["0.8.99"]
    assert facts.sql(m, VERSION, "elsewhere") == ["0.8.0"], "no project's database: not ours to change"
    assert provision(m.inventory(), *key, job=JOB).changes == 0


def test_compiled_files_stay_while_there_is_nothing_newer(machine: Machines):
    m = machine("debian12", provisioned=True)
    before = m.run("stat -c %Y /usr/lib/postgresql/15/lib/vector.so").stdout
    run = provision(m.inventory(), job=JOB)
    assert (run.returncode, run.changes) == (0, 0), run.said
    assert m.run("stat -c %Y /usr/lib/postgresql/15/lib/vector.so").stdout == before
