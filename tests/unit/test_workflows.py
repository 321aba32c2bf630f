"""The workflows for runners that the tests here cannot be: their form, and that what they name is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.unit.powershell import Script

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> Path:
    return request.param


def steps(path: Path) -> list[dict]:
    jobs = YAML(typ="safe").load(path)["jobs"].values()
    return [
        {"shell": job.get("defaults", {}).get("run", {}).get("shell"), **step}
        for job in jobs
        for step in job["steps"]
    ]


def check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [
        Path(sys.executable).with_name("check-jsonschema"),
        "--builtin-schema",
        "vendor.github-workflows",
    ]
    return subprocess.run([*command, path], text=True, capture_output=True, check=False)


def test_it_has_the_form_of_a_workflow(workflow: Path):
    done = check(workflow)
    assert done.returncode == 0, done.stdout


def test_the_schema_would_notice_a_mistake(workflow: Path, tmp_path: Path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(workflow.read_text().replace("runs-on:", "run-on:", 1))
    assert check(wrong).returncode == 1


def test_every_file_that_it_names_is_there(workflow: Path):
    text = workflow.read_text()
    names = re.findall(r"\b(?:deploys|inventories|requirements|tests|src)/[\w./-]+\.\w+", text)
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_its_powershell_parses(workflow: Path):
    for step in steps(workflow):
        if "run" in step and step["shell"] in ("powershell", "pwsh"):
            text = re.sub(r"\$\{\{.*?\}\}", "15", step["run"])
            assert Script(text).errors() == [], step["name"]


def test_it_can_only_read_and_ends_by_itself(workflow: Path):
    document = YAML(typ="safe").load(workflow)
    assert document["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in document["jobs"].values())
