"""A newer pgvector: the package or the compiled files first, then the extension in every project's database."""

from __future__ import annotations

from functools import partial

from pyinfra.api.deploy import deploy
from pyinfra.context import host

from memory_provision import builds
from memory_provision.deploys import carry_bundle, prepare, with_sudo
from memory_provision.inputs import Inputs
from memory_provision.operations.converge import Step, converge
from memory_provision.plan import Plan
from memory_provision.report import Report
from memory_provision.settings import Settings


def upgrade_pgvector() -> None:
    """On every host of the inventory; one that has the newest already is left as it is."""
    ready = prepare()
    if ready is not None:
        settings, plan = ready
        _steps(settings=settings, plan=plan, _sudo=with_sudo(plan))


@deploy("pgvector")
def _steps(settings: Settings, plan: Plan) -> None:
    inputs = Inputs(settings, plan)

    def keep(report: Report) -> None:
        builds.keep(plan, report.facts.pop("built", None))
        for database, version in report.facts.pop("answer", {}).items():
            host.log(f"  {database}: vector {version}")

    turn = partial(builds.turn, plan)
    todo = {
        "Package": Step(
            plan.platform.packages, lambda: {**inputs.packages(), "UPGRADE": "yes"}, plan.python, language="sh"
        ),
        "Files": Step(
            "pgvector",
            lambda: {**inputs.pgvector(), "upgrade": True},
            plan.python,
            extra=inputs.built,
            turn=turn,
        ),
        "Extension": Step("extension", inputs.extension, plan.python),
    }
    carry_bundle(settings, plan)
    if plan.embedded:  # its pgvector comes with the wheel, which the main job brings
        todo = {"Extension": todo["Extension"]}
    for name, step in todo.items():
        converge(name=name, step=step, keep=keep)
