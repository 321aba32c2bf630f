"""The cache: whole or absent, built once, built again when the recipe changes."""

from __future__ import annotations

import multiprocessing
import os
import stat
import time
from pathlib import Path

import pytest

from tests.hosts.bed import cache


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEMORY_TEST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def build(folder: Path) -> None:
    """Slow enough that several builders meet; a second build in the same place would fail."""
    (folder / "first").touch(exist_ok=False)
    time.sleep(0.3)
    (folder / "builder").write_text(str(os.getpid()))


def want(_: int) -> str:
    return (cache.artifact("thing", build, "recipe") / "builder").read_text()


def test_several_processes_build_a_thing_once() -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert len(set(pool.map(want, range(6), chunksize=2))) == 1


def test_recipe_names_the_edition_by_content(tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text("one")
    first = cache.artifact("thing", build, "recipe", script)
    assert cache.artifact("thing", build, "recipe", script) == first
    script.write_text("two")
    second = cache.artifact("thing", build, "recipe", script)
    assert second != first
    assert cache.key("ab", "c") != cache.key("a", "bc")


def test_failed_build_is_not_published_and_does_not_hinder_the_next(folder: Path) -> None:
    def fail(scratch: Path) -> None:
        (scratch / "first").touch()
        raise RuntimeError("no space")

    with pytest.raises(RuntimeError, match="no space"):
        cache.artifact("thing", fail, "recipe")
    assert not list(folder.glob("thing-*"))
    assert (cache.artifact("thing", build, "recipe") / "builder").exists()


def test_old_editions_go_when_nobody_used_them_for_long(folder: Path) -> None:
    old = cache.artifact("thing", build, "old")
    recent = cache.artifact("thing", build, "recent")
    other = cache.artifact("thing-too", build, "old")
    past = time.time() - (cache.UNUSED_DAYS + 1) * 86400
    for place in (old, other):
        os.utime(folder / f"{place.name}.used", (past, past))
    new = cache.artifact("thing", build, "new")
    assert sorted(p for p in folder.iterdir() if p.is_dir()) == sorted([recent, new, other])


def test_cache_is_closed_to_other_users(folder: Path) -> None:
    cache.artifact("thing", build, "recipe")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
