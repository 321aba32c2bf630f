"""Running the main job as a user does: the pyinfra command, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts import prefork
from tests.hosts.bed.machine import Machine
from tests.hosts.watch import wait_for

ROOT = Path(__file__).resolve().parents[2]
MAIN_JOB = "deploys/postgres.py"


@dataclass
class Run:
    """What one run did; `said` is everything it printed but the JSON result."""

    returncode: int
    said: str
    results: dict[str, Any]
    seconds: float

    def of(self, machine: Machine) -> str:
        """The lines about one machine."""
        return "\n".join(line for line in self.said.splitlines() if f"[{machine.name}]" in line)

    @property
    def changes(self) -> int:
        """Operations that changed something, over all hosts."""
        return int(self.results["results"]["totals"]["success"])


def command(inventory: Path | str, *options: str, job: str = MAIN_JOB) -> list[str]:
    """The command line; settings are given as `--data name=value`."""
    pyinfra = str(Path(sys.executable).with_name("pyinfra"))
    data = ["--group-data", str(ROOT / "inventories" / "group_data")]
    return [pyinfra, *options, *data, str(inventory), job]


def environment(**more: str) -> dict[str, str]:
    """The environment of a user who has not set anything for this toolkit."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MEMORY_", "OPENAI_", "PG"))}
    return {**clean, **more}


def data(settings: Mapping[str, Any]) -> list[str]:
    """Options that give these settings."""
    return [word for name, value in settings.items() for word in ("--data", f"{name}={value}")]


def provision(
    inventory: Path | str, *options: str, env: dict[str, str] | None = None, job: str = MAIN_JOB
) -> Run:
    """Run a job to its end and apply its changes."""
    begun = time.monotonic()
    line = command(inventory, "-y", "--json", *options, job=job)
    done = prefork.run(line, ROOT, environment(**(env or {})))
    seconds = time.monotonic() - begun
    return Run(done.returncode, done.stderr, json.loads(done.stdout or "{}"), seconds)


def inventory_of(folder: Path, machines: Sequence[Machine]) -> Path:
    """An inventory with all of these machines, in a file in `folder`."""
    path = folder / "inventory.py"
    path.write_text(f"hosts = {[m.inventory_entry() for m in machines]!r}\n")
    return path


def provisioned(machine: Machine, *options: str, user: str = "root", env: dict[str, str] | None = None) -> Run:
    """The same for one machine; it has to succeed."""
    run = provision(machine.inventory(user), *options, env=env)
    assert run.returncode == 0, run.said
    return run


def dry(inventory: Path | str, *options: str, job: str = MAIN_JOB) -> subprocess.CompletedProcess[str]:
    """What would it do?"""
    return prefork.run(command(inventory, "--dry", *options, job=job), ROOT, environment())


def as_printed(
    page: str, name: str, file: Path | str, setting: str, inventory: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    """Run the command of a page that gives `setting`, with `file` for the name that is printed there, these
    machines and more options.
    """
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    [line] = [line for block in blocks for line in block.splitlines() if f"{setting}=" in line]
    data = f"--group-data {ROOT}/inventories/group_data {' '.join(options)} "
    line = re.sub(r"inventories/\w+\.py", f"{data} {inventory}", line.replace(name, str(file)))
    return subprocess.run(
        line, shell=True, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )


@contextmanager
def running(
    machine: Machine, step: str, after: float, *options: str, sight: str = "", user: str = "root"
) -> Iterator[prefork.Run]:
    """A run that has come to `step`, and in it to `sight` when that is given (see `watch.wait_for`), `after`
    seconds ago.
    """
    run = prefork.Run(command(machine.inventory(user), "-y", *options), ROOT, environment(), output=False)
    try:
        for said in run.stderr:
            if f"| {step}" in said:
                break
        if sight:
            wait_for(machine, sight, lambda: run.poll() is not None)
        time.sleep(after)
        yield run
    finally:
        run.kill()
        run.wait()
        run.close()


def cut_off(machine: Machine, step: str, after: float, by: str, sight: str = "", user: str = "root") -> None:
    """Start a run, and at that moment kill the controller, or take the machine's power."""
    with running(machine, step, after, sight=sight, user=user) as run:
        if by == "power":
            machine.power_cut()
        run.kill()
    if by == "power":
        machine.start()
