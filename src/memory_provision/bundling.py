"""Making a bundle on a connected machine: deploys/bundle.py."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pyinfra.api.deploy import deploy
from pyinfra.context import host

from memory_mcp.errors import MemoryMcpError
from memory_provision import embedded, facts, manifest
from memory_provision.bundled import bundle_system
from memory_provision.cas import ca_certificates
from memory_provision.commands import refuse
from memory_provision.deploys import with_sudo
from memory_provision.inputs import Inputs
from memory_provision.machine import Machine
from memory_provision.operations.carry import download
from memory_provision.operations.converge import Step, converge
from memory_provision.plan import Plan, PreflightError, make_plan
from memory_provision.platforms import family_of
from memory_provision.report import Report
from memory_provision.settings import Settings
from memory_provision.wheel import requirements, requirements_sha256

DEFAULT = "memory-mcp-bundle.tar"
REPOSITORY_KEY = "@BUNDLE@/keys/pgdg.asc"


def bundle() -> None:
    """Everything that a machine like this one needs, into one file on the controller."""
    try:
        settings = Settings.from_data(host.data.dict())
        machine = facts.read_machine(host, settings, probe="always")
        plan, python = plan_bundle(machine, settings)
    except MemoryMcpError as error:
        refuse(host, str(error).splitlines())
        host.state.fail_hosts({host})
        return
    host.log(f"Bundle: PostgreSQL {plan.major} ({plan.source}) for {bundle_system(machine)}, Python {python}")
    held = fixed(settings, plan, python, bundle_system(machine))
    steps(settings=settings, plan=plan, held=held, _sudo=with_sudo(plan))


def plan_bundle(machine: Machine, settings: Settings) -> tuple[Plan, str]:
    """What goes into a bundle made on this machine, for others of its kind that have nothing; its plan, and the
    version of the Python that chooses the wheels. Servers and ports of this machine do not matter.

    Raises PreflightError.
    """
    if family_of(machine) is None or embedded.wanted(machine, settings):
        raise PreflightError(
            f"no bundle can be made on {machine.os_name or 'this system'} as user {machine.user!r}",
            "bundles are of apt's and dnf's packages, for machines that root provisions",
            "connect to a Linux machine as root (ssh_user='root'), or allow the user sudo without a password",
        )
    bare = replace(machine, servers=(), clusters=(), listening=frozenset(), pythons=())
    plan = make_plan(bare, settings)
    found = next((p for p in machine.pythons if p.path == plan.python), None)
    if found is None:
        names = [str(plan.python_package or ""), *plan.platform.base_packages]
        raise PreflightError(
            f"{plan.python} is not on this machine",
            "the Python that the other machines will have chooses the wheels",
            f"install it there: {plan.platform.packages} install {' '.join(names)}",
        )
    return plan, ".".join(map(str, found.version))


@deploy("Bundle")
def steps(settings: Settings, plan: Plan, held: dict[str, Any]) -> None:
    """Downloads on the machine, one tar there, the same tar here."""
    made: dict[str, Any] = {}

    def keep(report: Report) -> None:
        made.update(report.facts)

    request = partial(contents, settings, plan, held)
    if plan.platform.packages == "dnf" and plan.source == "pgdg":
        converge(
            name="Repository key",
            step=Step("bundle_key", partial(key, settings, plan), plan.python, language="sh"),
            keep=lambda _: None,
        )
    converge(
        name="Download",
        step=Step("bundle", request, plan.python, extra=lambda: {"requirements": requirements()}),
        keep=keep,
    )
    target = Path(settings.bundle_file or DEFAULT).expanduser().resolve()
    download(name="Bundle", made=lambda: made, target=target)


def key(settings: Settings, plan: Plan) -> dict[str, str]:
    """See remote/bundle_key.sh."""
    given = Inputs(settings, plan).packages()
    names = ("PGDG_KEY", "PGDG_KEY_URL", "FINGERPRINT", "PROXY")
    return {**{name: given[name] for name in names}, "KEY_FILE": f"{room(plan)}/pgdg.asc"}


def room(plan: Plan) -> str:
    """The folder on the connected machine where bundles are made."""
    return f"{plan.places.cache}/bundle"


def contents(settings: Settings, plan: Plan, held: dict[str, Any]) -> dict[str, Any]:
    """See remote/bundle.py."""
    inputs = Inputs(settings, plan)
    given = inputs.packages()
    apt = plan.platform.packages == "apt"
    text = "" if apt or plan.source != "pgdg" else inputs.yum_repository(REPOSITORY_KEY)
    return {
        "room": room(plan),
        "manager": plan.platform.packages,
        "manifest": held,
        "packages": given["PACKAGES"].split(),
        # where SELinux is enforcing, a port of its own takes semanage (remote/dnf.sh)
        "optional": [] if apt else ["policycoreutils-python-utils"],
        "pgvector": given["PGVECTOR"],
        "headers": given["HEADERS"],
        "build": given["BUILD"].split(),
        "sources": [line.split() for line in given["SOURCES"].splitlines()],
        "python": plan.python,
        "index_url": settings.python_index_url,
        "ca_bundle": plan.platform.ca_bundle,
        "proxy": settings.proxy,
        "cas": ca_certificates(settings.ca_files),
        "source": plan.source,
        "codename": plan.codename,
        "major": plan.major,
        "pgdg_url": given["PGDG_URL"],
        "pgdg_key": given["PGDG_KEY"],
        "repository": text,
        "key_file": f"{room(plan)}/pgdg.asc" if text else None,
    }


def fixed(settings: Settings, plan: Plan, python: str, system: str) -> dict[str, Any]:
    """The manifest without its files."""
    urls = ("pgdg_apt_url", "pgdg_yum_url", "pgvector_url", "python_index_url")
    return {
        "format": manifest.FORMAT,
        "system": system,
        "major": plan.major,
        "source": plan.source,
        "packages": plan.platform.packages,
        "python": [plan.python, plan.python_package or "", python],
        "wheels_for": requirements_sha256(),
        "settings": {name: _public(getattr(settings, name)) for name in urls},
    }


def _public(url: str | None) -> str:
    """Without a password that it may carry: bundles are handed around."""
    return re.sub(r"//[^/@\s]+@", "//***@", url or "")
