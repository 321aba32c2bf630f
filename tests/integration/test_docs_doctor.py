"""docs/doctor.md names the checks that there are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.integration.serving import settings

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()


def test_the_page_names_every_check_and_its_command_works(migrated, tmp_path):
    known = settings(migrated.url, tmp_path)
    [command] = re.findall(r"```sh\n(.*?)\n```", PAGE, re.DOTALL)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "MEMORY_ENV_FILE": str(known.env_file),
    }
    done = subprocess.run(
        [*command.split(), "--json"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    checks = {check["id"] for check in json.loads(done.stdout)["checks"]}
    table = {
        name for line in PAGE.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)
    }
    assert table == checks
