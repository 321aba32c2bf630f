"""`memory-mcp smoke`: prove that this installation works, and leave nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import click

from memory_mcp.cli import output


@click.command()
@output.json_option
@click.option("--env-file", type=click.Path(path_type=Path, dir_okay=False), help="The .env file to read.")
@click.option("--project", help="A project of projects.json instead of the active one.")
@click.option(
    "--command", help="Another server to test, as one shell-quoted line; default: this installation's."
)
@click.option(
    "--timeout", default=60.0, show_default=True, help="Seconds until a hanging step counts as failed."
)
def smoke(env_file: Path | None, project: str | None, command: str | None, timeout: float) -> None:
    """Prove with a real MCP client that the server works.

    Starts the server as a client would, makes a throw-away index in the configured database, memorizes three
    facts, finds one of them by its meaning, forgets them and removes the index. What a killed run left behind
    is removed by the next one.
    """
    from memory_mcp import config, loops
    from memory_mcp.smoke import run
    from memory_mcp.smoke.settings import words

    settings = config.load(os.environ, env_file)
    other = words(command) if command else None
    report = loops.run(run.smoke(settings, project, other, timeout))
    if output.wants_json():
        output.emit(report.as_json())
        return
    for name, seconds in report.steps:
        output.say(f"✓ {name:<14}{seconds * 1000:7.0f} ms")
    if report.swept:
        output.say(f"  removed what earlier, killed runs left: {', '.join(report.swept)}")
    model = report.embedding
    server = f"{report.server.get('name', 'server')} {report.server.get('version', '')}"
    where = f"project {report.project}, {report.database}"
    output.say(f"{server} works: {where}, {model.get('provider')} model {model.get('model')}")
