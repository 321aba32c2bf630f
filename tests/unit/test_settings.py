from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from memory_mcp.errors import ConfigurationError
from memory_provision import settings_page
from memory_provision.settings import CHOICES, Secret, Settings


def test_no_data_gives_the_defaults():
    assert Settings.from_data({}, {}) == Settings()


def test_what_pyinfra_reads_from_the_same_data_is_left_to_it():
    assert Settings.from_data({"ssh_user": "root", "_sudo": True, "x_mine": 1}, {}) == Settings()


def test_a_misspelt_name_is_an_error_that_names_the_nearest():
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_data({"postgres_verion": 16}, {})
    assert "postgres_verion" in caught.value.seen
    assert "postgres_version" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("postgres_version", "15"),
        ("postgres_version", 14),
        ("postgres_version", True),
        ("postgres_port", 0),
        ("postgres_source", "docker"),
        ("config_dir", "etc/memory"),
        ("seed", "yes"),
        ("proxy", "proxy.example:3128"),
        ("proxy", "http://me:secret@proxy.example:3128"),
        ("postgres_settings", "work_mem=1GB"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name(name: str, value: object):
    with pytest.raises(ConfigurationError, match=name) as caught:
        Settings.from_data({name: value}, {})
    assert caught.value.fix


def test_secrets_come_from_the_environment_and_print_as_stars():
    settings = Settings.from_data({}, {"MEMORY_DATABASE_PASSWORD": "hunter2", "OPENAI_API_KEY": "sk-123"})
    assert isinstance(settings.database_password, Secret)
    assert settings.database_password.reveal() == "hunter2"
    shown = f"{settings} {settings!r} {settings.database_password} {settings.openai_api_key:>10}"
    assert "hunter2" not in shown
    assert "sk-123" not in shown


def test_a_secret_of_the_inventory_is_hidden_too():
    settings = Settings.from_data({"database_password": "hunter2"}, {})
    assert "hunter2" not in repr(settings)
    assert Secret("a").to_json() == "***"


def test_a_secret_still_reaches_the_program_on_the_host():
    secret = Secret("hunter2")
    assert json.loads(json.dumps({"password": secret.reveal()}))["password"] == "hunter2"


def test_a_trailing_slash_of_a_mirror_does_not_matter():
    assert Settings.from_data({"pgdg_apt_url": "http://mirror/apt/"}, {}).pgdg_apt_url == "http://mirror/apt"


def test_every_setting_has_a_meaning_and_every_default_is_one_of_its_choices():
    for field in fields(Settings):
        assert field.metadata["meaning"]
        if field.name in CHOICES:
            assert field.default in CHOICES[field.name]


def test_the_page_of_settings_is_up_to_date():
    page = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
    assert page.read_text() == settings_page.page(), (
        "run: ./run python -m memory_provision.settings_page > docs/settings.md"
    )
