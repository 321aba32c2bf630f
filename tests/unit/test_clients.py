"""Registering with MCP clients: files of every client, changed once and only where they must be."""

from __future__ import annotations

import json

import pytest
import tomllib

from memory_mcp.clients import jsonc
from memory_mcp.clients.catalog import CLIENTS, Launch
from memory_mcp.clients.register import is_ours, path_of, register, registered, unregister
from memory_mcp.errors import ConfigurationError, RefusedError

LAUNCH = Launch("/opt/memory mcp/bin/memory-mcp", ("serve", "--env-file", "/etc/memory-mcp/.env"))
REMOTE = Launch(url="https://memory.example.test/mcp")
FOREIGN = {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-memory"]}


def read(client, path):
    text = path.read_text()
    data = tomllib.loads(text) if client.form == "toml" else jsonc.parse(text)
    return data[client.key]


@pytest.fixture(params=sorted(CLIENTS))
def client(request):
    return CLIENTS[request.param]


@pytest.fixture
def path(client, tmp_path):
    return path_of(client, tmp_path / "home", tmp_path / "project")


def test_a_new_file_holds_the_command_with_absolute_paths(client, path):
    change = register(client, path, "memory", LAUNCH)
    assert (change.outcome, change.backup) == ("added", None)
    entry = read(client, path)["memory"]
    assert (entry["command"], entry["args"]) == (LAUNCH.command, list(LAUNCH.args))
    assert "env" not in entry
    assert registered(client, path, "memory") == entry


def test_registering_again_changes_nothing(client, path):
    register(client, path, "memory", LAUNCH)
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert register(client, path, "memory", LAUNCH).outcome == "unchanged"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert len(list(path.parent.iterdir())) == 1


def test_a_moved_installation_is_updated_with_a_backup(client, path):
    register(client, path, "memory", LAUNCH)
    before = path.read_bytes()
    path.chmod(0o640)
    change = register(client, path, "memory", Launch("/usr/bin/memory-mcp", ("serve",)))
    assert change.outcome == "updated"
    assert change.backup.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o640
    assert read(client, path)["memory"]["command"] == "/usr/bin/memory-mcp"


def test_a_dry_run_shows_the_change_and_writes_nothing(client, path):
    change = register(client, path, "memory", LAUNCH, dry_run=True)
    assert change.outcome == "added"
    assert LAUNCH.command in change.diff
    assert not path.parent.exists()


def test_another_server_of_that_name_is_kept_unless_forced(client, path, tmp_path):
    path.parent.mkdir(parents=True)
    if client.form == "toml":
        path.write_text('[mcp_servers.memory]\ncommand = "npx"\nargs = ["x"]\n')
    else:
        path.write_text(json.dumps({client.key: {"memory": FOREIGN}}))
    before = path.read_bytes()
    with pytest.raises(RefusedError, match="memory"):
        register(client, path, "memory", LAUNCH)
    assert unregister(client, path, "memory").outcome == "absent"
    assert path.read_bytes() == before
    assert register(client, path, "memory-pg", LAUNCH).outcome == "added"
    assert register(client, path, "memory", LAUNCH, force=True).outcome == "updated"
    assert set(read(client, path)) == {"memory", "memory-pg"}


def test_unregistering_gives_the_rest_of_the_file_back(client, path):
    path.parent.mkdir(parents=True)
    old = (
        'model = "x"\n\n[mcp_servers.other]\ncommand = "y"\n'
        if client.form == "toml"
        else '{\n  "a": [1, 2]\n}\n'
    )
    path.write_text(old)
    register(client, path, "memory", LAUNCH)
    assert unregister(client, path, "memory").outcome == "removed"
    assert "memory" not in read(client, path)
    assert path.read_text().startswith(old.rstrip("}\n"))


def test_a_remote_server_is_reached_with_a_token_from_the_environment(client, path):
    if client.name == "claude-desktop":
        with pytest.raises(ConfigurationError, match="starts its servers"):
            register(client, path, "memory", REMOTE)
        return
    register(client, path, "memory", REMOTE)
    entry = read(client, path)["memory"]
    assert REMOTE.url in (entry.get("url"), entry.get("httpUrl"))
    assert "MEMORY_MCP_TOKEN" in json.dumps(entry)
    assert "command" not in entry


def test_vscode_asks_its_user_for_the_token_once_and_keeps_other_questions(tmp_path):
    path = tmp_path / "mcp.json"
    path.write_text('{\n  "inputs": [\n    {"id": "other"} // mine\n  ]\n}\n')
    register(CLIENTS["vscode"], path, "a", REMOTE)
    register(CLIENTS["vscode"], path, "b", REMOTE)
    assert "// mine" in path.read_text()
    data = jsonc.parse(path.read_text())
    assert [one["id"] for one in data["inputs"]] == ["other", "MEMORY_MCP_TOKEN"]
    assert data["inputs"][1]["password"] is True
    assert data["servers"]["a"]["headers"] == {"Authorization": "Bearer ${input:MEMORY_MCP_TOKEN}"}


@pytest.mark.parametrize("content", [b"{ not json", b"[1]", b'{"servers": [], "mcpServers": []}', b"\xff\xfe"])
def test_a_broken_file_is_refused_by_name_and_left_as_it_is(content, tmp_path):
    path = tmp_path / "mcp.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"mcp\.json"):
        register(CLIENTS["cursor"], path, "memory", LAUNCH)
    assert path.read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "content",
    [
        "not toml [",
        'mcp_servers = "x"\n',
        'mcp_servers = { other = { command = "x" } }\n',
        'note = """\n[mcp_servers.memory]\nfake\n"""\n',
    ],
)
def test_toml_that_cannot_be_changed_by_lines_is_refused(content, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(content)
    with pytest.raises(ConfigurationError):
        register(CLIENTS["codex"], path, "memory", LAUNCH)
    assert path.read_text() == content


def test_toml_tables_around_ours_and_comments_stay(tmp_path):
    path = tmp_path / "config.toml"
    before = '# mine\nmodel = "x" # fast\n\n[mcp_servers.a]\ncommand = "a"\n\n'
    ours = '[mcp_servers.memory]\ncommand = "/old/memory-mcp"\n[mcp_servers.memory.env]\nX = "1"\n\n'
    after = "[profiles.b]\nx = 1\n"
    path.write_text(before + ours + after)
    register(CLIENTS["codex"], path, "memory", LAUNCH)
    text = path.read_text()
    assert text.startswith(before)
    assert text.endswith(after)
    assert tomllib.loads(text)["mcp_servers"]["memory"] == CLIENTS["codex"].entry(LAUNCH)


def test_a_link_to_a_file_elsewhere_stays_a_link(tmp_path):
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    link = tmp_path / "mcp.json"
    link.symlink_to(real)
    register(CLIENTS["cursor"], link, "memory", LAUNCH)
    assert link.is_symlink()
    assert "memory" in jsonc.parse(real.read_text())["mcpServers"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"command": "/opt/x/memory-mcp", "args": []}, True),
        ({"command": "C:\\x\\memory-mcp.exe"}, True),
        ({"command": "memory-mcp"}, True),
        ({"command": "python", "args": ["-c", "from memory_mcp.cli import main; main()"]}, True),
        ({"command": "node", "args": ["/home/u/memory-mcp/dist/index.js"]}, False),
        ({"command": "/home/u/memory-mcp/run.sh"}, False),
        (FOREIGN, False),
        ('command = "/opt/memory-mcp"', True),
        ("nonsense", False),
    ],
)
def test_only_this_program_counts_as_ours(entry, expected):
    assert is_ours(entry) is expected


def test_the_scope_chooses_the_file(tmp_path):
    cursor, code = CLIENTS["cursor"], CLIENTS["claude-code"]
    assert path_of(cursor, tmp_path, tmp_path / "p") == tmp_path / ".cursor" / "mcp.json"
    assert path_of(cursor, tmp_path, tmp_path / "p", "project") == tmp_path / "p" / ".cursor" / "mcp.json"
    assert path_of(code, tmp_path, tmp_path / "p") == tmp_path / "p" / ".mcp.json"
    with pytest.raises(ConfigurationError):
        path_of(code, tmp_path, tmp_path / "p", "user")
