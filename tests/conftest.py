"""Options and helpers that every test shares."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest

from tests import schedule, scratch


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--hosts",
        choices=("none", "one", "all", "arm64"),
        default="one",
        help="fresh machines to provision: none; one (a bare Debian 12, the default); all platforms, all "
        "faults; arm64 (nothing else, emulated, which takes long)",
    )


def pytest_configure(config: pytest.Config) -> None:
    scratch.use_memory()
    hypothesis.settings.register_profile(  # the box may be busy
        "patient",
        hypothesis.settings.default,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("patient")
    config.addinivalue_line(
        "markers", "hosts(which): keeps a test for --hosts=all, or --hosts=arm64; without it: one and all"
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Whole suites run in parallel, on more workers than cores: much of it waits. What is named runs alone."""
    if config.getoption("--hosts") == "all":
        return 4
    return 3 if config.args == config.getini("testpaths") else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    items.sort(key=lambda item: schedule.rank(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Any:
    """How workers share the tests (schedule.py), unless the command line says otherwise."""
    return schedule.scheduler(config, log) if config.getoption("dist") == "loadfile" else None
