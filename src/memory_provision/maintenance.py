"""Backup, restore, rollback, migrations and sample data over an inventory: `memory-mcp db` does the work."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pyinfra.api.deploy import deploy
from pyinfra.context import host

from memory_mcp.errors import ConfigurationError
from memory_provision.commands import refuse
from memory_provision.deploys import prepare, with_sudo
from memory_provision.inputs import Inputs
from memory_provision.operations.converge import Step, converge
from memory_provision.report import Report
from memory_provision.settings import Settings


def migrate() -> None:
    """Apply what is pending; a dry run lists it."""
    _run("Schema", lambda inputs: Step("migrations", inputs.migrations, inputs.plan.python))


def seed() -> None:
    """Load the sample data."""
    _run(
        "Sample data",
        lambda inputs: Step("migrations", lambda: {**inputs.migrations(), "seed": True}, inputs.plan.python),
    )


def backup() -> None:
    """Save the database to a file on its host."""
    _maintain(
        "Backup", lambda s: ("database saved", ["db", "backup", *([s.backup_file] if s.backup_file else [])])
    )


def restore() -> None:
    """Bring a backup back; needs confirm=<database>."""
    _maintain("Restore", _restore, dangerous=True)


def rollback() -> None:
    """Undo migrations, after a backup; needs confirm=<database>."""
    _maintain("Rollback", _rollback, dangerous=True)


def uninstall() -> None:
    """Remove what the main job put on a host; the data stay unless purge_data and confirm=<database> say so."""
    _run("Uninstall", lambda inputs: Step("uninstall", inputs.uninstall, inputs.plan.python), installing=False)


def _restore(settings: Settings) -> tuple[str, list[str]]:
    if not settings.restore_file:
        raise ConfigurationError(
            "restore_file is not set", "there is nothing to restore", "--data restore_file=FILE"
        )
    return f"database restored from {settings.restore_file}", ["db", "restore", settings.restore_file, "--yes"]


def _rollback(settings: Settings) -> tuple[str, list[str]]:
    if settings.rollback_to is not None:
        return f"migrations after {settings.rollback_to} undone", [
            "db", "rollback", "--to", str(settings.rollback_to), "--yes"
        ]  # fmt: skip
    steps = str(settings.rollback_steps or 1)
    return f"last {steps} migration(s) undone", ["db", "rollback", "--steps", steps, "--yes"]


def _run(name: str, step: Callable[[Inputs], Step], installing: bool = True) -> None:
    """One step on this host, after the same preflight as the main job."""
    ready = prepare(installing)
    if ready is None:
        return
    settings, plan = ready
    _deploy(title=name, step=step(Inputs(settings, plan)), _sudo=with_sudo(plan))


def _maintain(name: str, words: Callable[[Settings], tuple[str, list[str]]], dangerous: bool = False) -> None:
    def step(inputs: Inputs) -> Step:
        change, arguments = words(inputs.settings)
        return Step("maintain", partial(inputs.maintain, change, arguments, dangerous), inputs.plan.python)

    try:
        _run(name, step)
    except ConfigurationError as error:
        refuse(host, str(error).splitlines())
        host.state.fail_hosts({host})


@deploy("Memory MCP")
def _deploy(title: str, step: Step) -> None:
    converge(name=title, step=step, keep=_tell)


def _tell(report: Report) -> None:
    """Where the backup is, what was undone: the answer of `memory-mcp db`."""
    told = {k: report.facts[k] for k in ("backup", "configuration") if k in report.facts}
    for key, value in {**report.facts.get("answer", {}), **told}.items():
        if key != "ok":
            host.log(f"  {key}: {value}")
