"""`memory-mcp config` as a command: JSON for scripts, no secrets, and a registration that really starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.integration.serving import PROJECT, Session, async_test, settings

COMMAND = Path(sys.executable).with_name("memory-mcp")


@pytest.fixture
def home(migrated, tmp_path):
    settings(migrated.url, tmp_path, OPENAI_API_KEY="sk-very-secret-key")
    return tmp_path


def config(home, *arguments, **env):
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "MEMORY_ENV_FILE": str(home / ".env"), **env}
    return subprocess.run(
        [COMMAND, "config", *arguments], env=environment, cwd=home, text=True, capture_output=True, check=False
    )


@async_test
async def test_what_is_registered_is_a_server_that_works(home, migrated):
    done = config(home, "register", "cursor", "--json")
    assert json.loads(done.stdout)["outcome"] == "added"
    entry = json.loads((home / ".cursor" / "mcp.json").read_text())["mcpServers"]["memory"]
    parameters = StdioServerParameters(command=entry["command"], args=entry["args"], cwd="/")
    async with Client(parameters, mode="legacy") as client:
        assert (await Session(client).ok("list_indexes"))["project"] == PROJECT


def test_show_and_register_never_show_secrets(home, migrated):
    shown = config(home, "show", "--json")
    document = json.loads(shown.stdout)
    assert (document["ok"], document["project"], document["openai_api_key"]) == (True, PROJECT, "set")
    registered = config(home, "register", "codex")
    written = (home / ".codex" / "config.toml").read_text()
    for text in (shown.stdout, config(home, "show").stdout, registered.stdout, written):
        assert "sk-very" not in text
        assert migrated.server.app_password not in text


def test_clients_tells_the_state_of_each(home):
    config(home, "register", "codex")
    (home / ".gemini").mkdir()
    (home / ".gemini" / "settings.json").write_text("{ broken")
    (home / ".cursor").mkdir()
    (home / ".cursor" / "mcp.json").write_text('{"mcpServers": {"memory": {"command": "npx"}}}')
    listed = json.loads(config(home, "clients", "--json").stdout)["clients"]
    states = {row["client"]: row["state"] for row in listed}
    assert states["codex"] == "registered"
    assert states["gemini"] == "unreadable"
    assert states["cursor"] == "other server"
    assert states["claude-desktop"] == "not installed"


@pytest.mark.parametrize(
    ("arguments", "env", "code", "hint"),
    [
        (("register", "notepad"), {}, 2, "notepad"),
        (("register", "cursor", "--project", "nowhere"), {}, 2, "nowhere"),
        (("register", "cursor", "--env-file", "absent"), {}, 2, "absent"),
        (("register", "claude-desktop", "--url", "https://x.test/mcp"), {}, 2, "Connectors"),
    ],
)
def test_mistakes_are_explained_without_a_traceback(home, arguments, env, code, hint):
    done = config(home, *arguments, **env)
    assert done.returncode == code
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("file", ["absent", "present"])
def test_settings_that_only_the_environment_has_cannot_be_registered(home, migrated, file):
    """The client's server would use another database, or none."""
    environment = {"DATABASE_URL": migrated.url}
    if file == "absent":
        (home / ".env").unlink()
        environment["MEMORY_ENV_FILE"] = ""
    done = config(home, "register", "cursor", **environment)
    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr
    assert migrated.server.app_password not in done.stderr
    assert not (home / ".cursor").exists()
