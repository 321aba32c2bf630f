"""`memory-mcp doctor`."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path

import click

from memory_mcp.cli.output import emit, json_option, say, wants_json
from memory_mcp.cli.target import read_url
from memory_mcp.urls import redact

_MARKS = {
    "ok": click.style("✓", fg="green"),
    "warn": click.style("!", fg="yellow"),
    "fail": click.style("✗", fg="red"),
    "skip": "-",
}


@click.command()
@click.option("--strict", is_flag=True, help="Let warnings fail, too.")
@click.option("--project", metavar="NAME", help="Project of projects.json (default: MEMORY_ACTIVE_PROJECT).")
@click.option("--database-url", metavar="URL", help="Check this database (- reads it from standard input).")
@click.option("--env-file", metavar="FILE", type=click.Path(path_type=Path), help="Read this .env file.")
@json_option
@click.pass_context
def doctor(
    ctx: click.Context, strict: bool, project: str | None, database_url: str | None, env_file: Path | None
) -> None:
    """Check everything from the settings to the schema; changes nothing.

    One line for each check; a failure says what was seen, why, and what mends it. Exit codes: 0 all well,
    1 a check failed, 2 the settings are wrong, 3 the database cannot be reached.
    """
    from memory_mcp import config
    from memory_mcp.doctor import run

    if database_url == "-":
        database_url = read_url()
    results = []
    for found in run.checkup(config.load(os.environ, env_file), project, database_url):
        result = replace(found, seen=redact(found.seen), why=redact(found.why), fix=redact(found.fix))
        results.append(result)
        say(f"{_MARKS[result.verdict]} {result.id:<10} {result.seen}")
        for label, text in (("why", result.why), ("fix", result.fix)):
            if text:
                say(f"    {label}: {text}")
    code = run.exit_code(results, strict=strict)
    failed = sum(result.verdict == "fail" for result in results)
    warned = sum(result.verdict == "warn" for result in results)
    if wants_json():
        emit({"ok": code == 0, "checks": [asdict(result) for result in results]})
    say(f"failed: {failed}, warnings: {warned}" if failed or warned else "all is well")
    ctx.exit(int(code))
