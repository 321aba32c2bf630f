"""Where the bed cannot work it says why and what would mend it; under CI=true that is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.hosts.bed import needs

LACKS = """
from tests.hosts.bed import needs
needs.lacking = lambda: "no bed on this box"

def test_needs_a_machine(machine):
    machine("debian12")
"""


def test_another_system_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(sysname="Darwin"))
    assert "needs Linux" in (needs.lacking() or "")


def test_a_user_without_rights_is_told_to_be_root(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "as root" in (needs.lacking() or "")


def test_missing_programs_are_named_by_their_packages(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **where: None if "nspawn" in name else which("sh"))
    assert needs.lacking() == ("missing programs: apt-get install -y --no-install-recommends systemd-container")


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_a_test_is_skipped_with_the_reason_and_fails_in_ci(
    tmp_path: Path, pytestconfig: pytest.Config, ci: str, outcome: str
):
    (tmp_path / "test_lacks.py").write_text(LACKS)
    plugins = ("-p", "tests.conftest", "-p", "tests.hosts.conftest", "-p", "no:cacheprovider")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-n0", *plugins, "-c", str(pytestconfig.inipath)),
            str(tmp_path),
        ],
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout, done.stdout + done.stderr
    assert "no bed on this box" in done.stdout
    assert (done.returncode == 0) == (ci == "")
