"""How the smoke test hands settings to the server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from memory_mcp import config
from memory_mcp.smoke.settings import Handover, handed_over, overridden, values

SECRET = 'pa"ss $HOME \\ #1'


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, False),
        ({"PATH": "/bin", "HOME": "/root"}, False),
        ({"MEMORY_ENV_FILE": "/etc/memory-mcp/.env"}, False),
        ({"DATABASE_URL": ""}, False),
        ({"DATABASE_URL": "postgresql://x/y"}, True),
        ({"OPENAI_API_KEY": "x"}, True),
        ({"MEMORY_ACTIVE_PROJECT": "x"}, True),
    ],
)
def test_only_settings_count_as_settings(env, expected):
    assert overridden(env) is expected


def test_a_file_alone_is_handed_over_as_that_file(tmp_path):
    path = tmp_path / ".env"
    path.write_text("MEMORY_ACTIVE_PROJECT=a")
    with handed_over(config.load({}, path), {}) as given:
        assert given == Handover(("--env-file", str(path)))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no /dev/fd: the server inherits the environment there")
def test_settings_of_the_environment_are_read_back_from_a_pipe_and_leave_no_file(tmp_path):
    path = tmp_path / ".env"
    path.write_text("MEMORY_POSTGRES_PROJECT_REGISTRY=projects.json\nMEMORY_ACTIVE_PROJECT=a\n")
    env = {"OPENAI_API_KEY": SECRET, "MEMORY_EMBEDDING_DIMENSIONS": "512"}
    settings = config.load(env, path)
    with handed_over(settings, env) as given:
        assert SECRET not in repr(given)
        assert given.environment == {}
        read = config.load({}, Path(given.arguments[1]))
        assert given.arguments[1] == f"/dev/fd/{given.descriptors[0]}"
    assert (read.openai_api_key, read.embedding_dimensions) == (SECRET, 512)
    assert (read.registry, read.active_project) == (tmp_path / "projects.json", "a")


def test_settings_as_variables_are_read_back_as_the_same_settings(tmp_path):
    path = tmp_path / ".env"
    path.write_text("MEMORY_ACTIVE_PROJECT=a\nMEMORY_DEFAULT_INDEX=b\nDATABASE_URL=postgresql://u:p@h/d\n")
    settings = config.load({"OPENAI_API_KEY": SECRET}, path)
    assert config.load(values(settings), path) == settings
