"""Everything after the installation of PostgreSQL in one program, for machines that pyinfra cannot reach.

Run there as a file; standard input tells where things are on that machine, standard output is one JSON object.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from memory_provision.causes import explain
from memory_provision.remote import configuration, database, migrations, server, smoke
from memory_provision.remote.base import Report, Trouble, unforeseen

STEPS = {
    "server": server,
    "database": database,
    "configuration": configuration,
    "migrations": migrations,
    "smoke": smoke,
}


def main(request: dict[str, Any]) -> int:
    """Request: one per step, with @NAME@ where the machine's own places come in. 0, or 1 with a trouble."""
    report = Report()
    trouble = None
    try:
        converge(fill(request, json.load(sys.stdin)), report)
    except Trouble as found:
        trouble = told(found)
    except Exception as error:
        trouble = told(unforeseen(error, "program.py"))
    answer = {"changes": report.changes, "warnings": report.warnings, "facts": report.facts, "trouble": trouble}
    sys.stdout.write(json.dumps(answer) + "\n")  # ASCII, so that no code page can change it
    return 0 if trouble is None else 1


def told(trouble: Trouble) -> dict[str, str]:
    """What was seen, why, how to mend it; the cause is looked up when the program knew none."""
    known = explain(trouble.why) if not trouble.fix else None
    if known is None:
        return {"seen": trouble.seen, "why": trouble.why, "fix": trouble.fix}
    return {"seen": trouble.seen, "why": f"{known.why} (said: {trouble.why})", "fix": known.fix}


def converge(request: dict[str, Any], report: Report) -> None:
    """Request: as above with the places filled in; kit (folder of the wheel and the requirements), apply."""
    kit, apply = Path(request["kit"]), request["apply"]
    request["server"]["wheel"] = base64.b64encode((kit / request["server"]["wheel_name"]).read_bytes()).decode()
    request["server"]["requirements"] = (kit / "requirements.txt").read_text(encoding="utf-8")
    # taken out of the environment, where every program that is started from here would find them
    password, key = (os.environ.pop(name, None) for name in ("MEMORY_DATABASE_PASSWORD", "OPENAI_API_KEY"))
    for name in ("database", "configuration"):
        request[name]["password"] = password
    if key:
        request["configuration"]["env"] += f"OPENAI_API_KEY={key}\n"
        request["configuration"]["keep"].remove("OPENAI_API_KEY")
    for name, program in STEPS.items():
        if name == "smoke":
            state = request[name]["state"]
            request[name]["state"] = {fact: report.facts.get(fact) for fact in state}
        program.converge(request[name], report, apply)


def fill(request: dict[str, Any], places: dict[str, Any]) -> dict[str, Any]:
    """The request with each @NAME@ replaced, and the places; what is nothing but one gets the place's type."""
    marks = {f"@{name.upper()}@": value for name, value in places.items()}

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        if value in marks:
            return marks[value]
        for mark, place in marks.items():
            value = value.replace(mark, str(place))
        return value

    return {**filled(request), **places}
