"""Settings: where they come from, what wins, and what is said when they are wrong."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest

from memory_mcp import config
from memory_mcp.errors import ConfigurationError

URL = "postgresql://me:hunter2@localhost/mine"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home and working directory, and no system-wide file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "_SYSTEM_ENV_FILE", tmp_path / "etc" / ".env")
    return tmp_path


def registry(folder: Path, content) -> Path:
    path = folder / "config" / "projects.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_environment_wins_over_the_file(home):
    (home / ".env").write_text("MEMORY_ACTIVE_PROJECT=file\nMEMORY_DEFAULT_INDEX=file\n")
    settings = config.load({"MEMORY_ACTIVE_PROJECT": "environment"})
    assert (settings.active_project, settings.default_index) == ("environment", "file")


def test_an_empty_variable_does_not_hide_the_file(home):
    (home / ".env").write_text("MEMORY_ACTIVE_PROJECT=file\n")
    assert config.load({"MEMORY_ACTIVE_PROJECT": ""}).active_project == "file"


def test_files_are_searched_in_order(home):
    (home / "etc").mkdir()
    (home / ".config" / "memory-mcp").mkdir(parents=True)
    env = {"HOME": str(home)}
    assert config.load(env).env_file is None
    (home / "etc" / ".env").write_text("MEMORY_DEFAULT_INDEX=system")
    assert config.load(env).default_index == "system"
    (home / ".config" / "memory-mcp" / ".env").write_text("MEMORY_DEFAULT_INDEX=user")
    assert config.load(env).default_index == "user"
    (home / ".env").write_text("SOMETHING=else")
    assert config.load(env).default_index == "user"
    (home / ".env").write_text("MEMORY_DEFAULT_INDEX=here")
    assert config.load(env).default_index == "here"
    (home / "named").write_text("MEMORY_DEFAULT_INDEX=variable")
    assert config.load({**env, "MEMORY_ENV_FILE": str(home / "named")}).default_index == "variable"
    (home / "option").write_text("MEMORY_DEFAULT_INDEX=option")
    assert config.load({**env, "MEMORY_ENV_FILE": "/nowhere"}, home / "option").default_index == "option"


def test_a_relative_registry_lies_beside_the_env_file(home):
    (home / "elsewhere").mkdir()
    (home / "elsewhere" / ".env").write_text("MEMORY_POSTGRES_PROJECT_REGISTRY=./config/projects.json")
    registry(home / "elsewhere", {"local": {"databaseUrl": URL}})
    settings = config.load({}, Path("elsewhere/.env"))
    assert settings.registry == home / "elsewhere" / "config" / "projects.json"
    assert settings.database().url == URL


def test_the_database_is_chosen_in_the_documented_order(home):
    registry(home, {"local": {"databaseUrl": f"{URL}_local"}, "other": {"databaseUrl": f"{URL}_other"}})
    settings = config.load({"DATABASE_URL": f"{URL}_direct"})
    assert settings.database("other", f"{URL}_option").url == f"{URL}_option"
    assert settings.database("other").url == f"{URL}_other"
    assert settings.database().url == f"{URL}_direct"
    assert config.load({}).database().url == f"{URL}_local"
    assert config.load({"MEMORY_ACTIVE_PROJECT": "other"}).database().url == f"{URL}_other"


def test_a_missing_project_names_the_nearest_and_lists_the_rest(home):
    registry(home, {"staging": {"databaseUrl": URL}, "production": {"databaseUrl": URL}})
    with pytest.raises(ConfigurationError) as caught:
        config.load({}).database("stagin")
    assert "staging?" in caught.value.fix
    assert "production, staging" in caught.value.why


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        {"local": "postgresql://me:hunter2@h/d"},
        {"local": {}},
        {"local": {"databaseUrl": "x hunter2"}},
    ],
)
def test_a_wrong_registry_is_an_error_that_shows_no_secret(home, content):
    path = registry(home, content)
    with pytest.raises(ConfigurationError) as caught:
        config.load({}).database()
    assert str(path) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_without_any_configuration_the_error_says_what_to_do(home):
    with pytest.raises(ConfigurationError, match="project 'other' is not known"):
        config.load({"DATABASE_URL": URL}).database("other")
    with pytest.raises(ConfigurationError, match="no database is configured"):
        config.load({}).database()


def unprivileged(work) -> str:
    """What `work` returns in a process that may read only what everybody may."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        os.write(write, work().encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as answer:
        return answer.read()


def complaint() -> str:
    try:
        return str(config.load({}).database())
    except ConfigurationError as error:
        return str(error)


@pytest.mark.skipif(os.name == "nt", reason="file modes of POSIX")
@pytest.mark.parametrize("hidden", ["file", "folder"])
def test_an_unreadable_file_names_the_group_that_may_read_it(monkeypatch, hidden):
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        Path(folder).chmod(0o755)
        monkeypatch.chdir(folder)
        path = Path(folder) / "etc" / ".env"
        monkeypatch.setattr(config, "_SYSTEM_ENV_FILE", path)
        path.parent.mkdir()
        path.write_text(f"DATABASE_URL={URL}")
        (path if hidden == "file" else path.parent).chmod(0o640 if os.geteuid() == 0 else 0o000)
        group = path.parent.group()
        message = unprivileged(complaint)
        path.parent.chmod(0o755)
        assert f"{path} cannot be read" in message
        assert f"the group {group}" in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEMORY_BACKEND", "redis"),
        ("MEMORY_EMBEDDING_PROVIDER", "magic"),
        ("MEMORY_EMBEDDING_DIMENSIONS", "many"),
        ("MEMORY_EMBEDDING_DIMENSIONS", "0"),
    ],
)
def test_wrong_values_are_named(home, name, value):
    with pytest.raises(ConfigurationError, match=name):
        config.load({name: value})


def test_no_secret_shows_in_repr(home):
    settings = config.load({"DATABASE_URL": URL, "OPENAI_API_KEY": "sk-hunter2hunter2"})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.database())
    assert "hunter2" not in str(settings.database())


def test_the_compatible_endpoint_has_two_names(home):
    assert config.load({"OPENAI_API_BASE": "http://a"}).openai_base_url == "http://a"
    assert (
        config.load({"OPENAI_API_BASE": "http://a", "OPENAI_BASE_URL": "http://b"}).openai_base_url
        == "http://b"
    )
