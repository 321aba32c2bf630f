"""The main job, readable from top to bottom:

preflight → packages → pgvector → cluster → database → server → configuration → schema → smoke → summary

Without root: preflight → server, with PostgreSQL's programs → cluster → database → configuration → …
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from typing import Any

from pyinfra import logger
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.deploy import deploy
from pyinfra.api.operation import operation
from pyinfra.context import host

from memory_mcp.errors import MemoryMcpError
from memory_provision import builds, facts
from memory_provision.bundle import Bundle, open_bundle
from memory_provision.cas import ca_certificates, check_trusting
from memory_provision.commands import refuse
from memory_provision.inputs import Inputs
from memory_provision.manifest import check_wheels
from memory_provision.operations.carry import upload
from memory_provision.operations.converge import Step, converge
from memory_provision.plan import Plan, make_plan
from memory_provision.report import Report
from memory_provision.settings import Settings
from memory_provision.templates import render
from memory_provision.wheel import migration_names, requirements_sha256


def postgres() -> None:
    """From whatever the machine is to a Memory MCP that a client has used; an unfit host is left out."""
    ready = prepare()
    if ready is None:
        return
    settings, plan = ready
    host.log(f"Plan: PostgreSQL {plan.major} ({plan.source}), cluster {plan.cluster}, port {plan.port}")
    for warning in plan.warnings:
        host.log_styled(f"warning: {warning}", fg="yellow", log_func=logger.warning)
    steps(settings=settings, plan=plan, _sudo=with_sudo(plan))


def prepare(installing: bool = True) -> tuple[Settings, Plan] | None:
    """Preflight: what is wanted and what will be done, or None for a host that was refused with its reason."""
    try:
        settings = Settings.from_data(host.data.dict())
        ca_certificates(settings.ca_files)
        bundle = bundle_of(settings) if installing else None
        machine = facts.read_machine(host, settings, probe="never" if bundle else "auto")
        plan = make_plan(machine, settings, installing, bundle)
        if installing:
            check_trusting(settings.ca_files, machine.root and not plan.embedded, plan.platform.ca_folder)
        return settings, plan
    except MemoryMcpError as error:
        refuse(host, str(error).splitlines())
        host.state.fail_hosts({host})
        return None


def bundle_of(settings: Settings) -> Bundle | None:
    """The offline bundle, verified; None where the network is used."""
    if settings.offline_bundle is None:
        return None
    bundle = open_bundle(settings.offline_bundle)
    check_wheels(bundle.manifest, bundle.name, requirements_sha256())
    return bundle


def carry_bundle(settings: Settings, plan: Plan) -> None:
    """Have the offline bundle on the machine, when there is one."""
    bundle = bundle_of(settings)
    if bundle:
        upload(name="Bundle", bundle=bundle, room=plan.bundle)


def with_sudo(plan: Plan) -> bool:
    """Does it take sudo, because we are not root or because the inventory says so?"""
    return plan.sudo or bool(host.data.get("_sudo", False))


@deploy("Memory MCP")
def steps(settings: Settings, plan: Plan) -> None:
    """Every step asks what is to do, and does only that."""
    inputs = Inputs(settings, plan)

    def keep(report: Report) -> None:
        builds.keep(plan, report.facts.pop("built", None))
        inputs.facts.update(report.facts)

    carry_bundle(settings, plan)
    bare = expected(settings, plan)
    if settings.ca_files:
        converge(name="CAs", step=Step("ca", inputs.ca, plan.python, language="sh"), keep=keep)
    packages = {
        "Packages": Step(plan.platform.packages, inputs.packages, plan.python, language="sh"),
        "pgvector": Step(
            "pgvector", inputs.pgvector, plan.python, extra=inputs.built, turn=partial(builds.turn, plan)
        ),
    }
    server = {"Server": Step("server", inputs.server, plan.python, extra=inputs.wheel)}
    # the embedded server's programs and the command that starts it come with the Memory MCP server
    before, after = (server, {}) if plan.embedded else (packages, server)
    todo = {
        **before,
        "Cluster": Step("cluster", inputs.cluster, plan.python),
        "Database and role": Step("database", inputs.database, plan.python),
        **after,
        "Configuration": Step("configuration", inputs.configuration, plan.python),
        "Schema": Step("migrations", inputs.migrations, plan.python),
        "Smoke test": Step("smoke", inputs.smoke, plan.python),
    }
    for name, step in todo.items():
        converge(name=name, step=replace(step, bare=bare.get(step.program, ())), keep=keep)
    show(name="Summary", settings=settings, plan=plan, found=inputs.facts)


def expected(settings: Settings, plan: Plan) -> dict[str, list[str]]:
    """What the steps will do on a bare machine, which has no Python yet to say so itself."""
    return {
        "pgvector": ["pgvector installed for this server"],
        "cluster": [f"cluster {plan.major}/{plan.cluster} configured and running on port {plan.port}"],
        "database": [f"role {settings.role} and database {settings.database} with vector and pgcrypto made"],
        "server": [f"server installed in {plan.places.install_dir}"],
        "configuration": [f"projects.json and .env written in {plan.places.config_dir}"],
        "migrations": [f"migration {name} applied" for name in migration_names()],
        "smoke": ["server used by a real MCP client"],
    }


@operation()
def show(settings: Settings, plan: Plan, found: dict[str, Any]) -> Generator[PyinfraCommand, None, None]:
    """Print the summary; changes nothing."""
    service = _service(plan)
    if host.state.is_executing:
        text = render("summary.txt.j2", settings=settings, plan=plan, facts=found, service=service)
        for line in text.splitlines():
            host.log(line)
    host.noop("nothing to change")
    yield from ()


def _service(plan: Plan) -> str:
    """Who starts PostgreSQL."""
    if plan.service:
        return plan.service
    if plan.systemd:
        return f"systemd unit {plan.unit}"
    return f"{plan.fill(plan.platform.start)} (no systemd here)"
