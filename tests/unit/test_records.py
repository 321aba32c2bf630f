"""What metadata becomes in the table's columns, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from memory_mcp.errors import ConfigurationError
from memory_mcp.server.shape import age
from memory_mcp.store.records import Model, emotion_of, from_metadata

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_without_metadata_a_memory_is_a_tentative_fact_of_the_user():
    new = from_metadata("x", {})
    assert (new.memory_type, new.importance, new.tags, new.source) == ("semantic", 0, (), "user")
    assert (new.kind, new.stability, new.valid_at) == ("raw", "tentative", None)


@pytest.mark.parametrize(("given", "column"), [("low", 0), ("medium", 1), ("high", 2), (2, 2), (0, 0)])
def test_importance_is_a_word_or_its_number(given, column):
    assert from_metadata("x", {"importance": given}).importance == column


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2025-03-04", datetime(2025, 3, 4, tzinfo=UTC)),
        ("2025-03-04T05:06:07Z", datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2025-03-04T05:06:07+02:00", datetime(2025, 3, 4, 3, 6, 7, tzinfo=UTC)),
    ],
)
def test_a_time_without_zone_is_utc(given, expected):
    assert from_metadata("x", {"validAt": given}).valid_at == expected
    assert from_metadata("x", {"date": given}).valid_at == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("memoryType", "fact"),
        ("memoryType", None),
        ("importance", "huge"),
        ("importance", 3),
        ("importance", True),
        ("tags", "one"),
        ("tags", [1]),
        ("topic", 5),
        ("validAt", "yesterday"),
        ("stability", "firm"),
        ("kind", "copy"),
    ],
)
def test_a_value_that_no_column_can_hold_is_refused_by_name(key, value):
    with pytest.raises(ConfigurationError, match=rf"metadata\.{key}"):
        from_metadata("x", {key: value})


def test_a_column_that_the_server_fixes_wins_over_metadata():
    new = from_metadata("x", {"source": "user", "sourcePath": "a"}, source="file", source_path="b")
    assert (new.source, new.source_path, new.metadata) == ("file", "b", {"source": "user", "sourcePath": "a"})


@pytest.mark.parametrize("metadata", [{}, {"emotion": 3}, {"emotion": {}}, {"emotion": {"intensity": "much"}}])
def test_emotion_that_is_no_number_counts_as_none(metadata):
    assert emotion_of(metadata) == 0.0


@pytest.mark.parametrize("value", [None, "x", {}, {"model": 3}, []])
def test_a_model_record_that_cannot_be_read_counts_as_none(value):
    assert Model.from_json(value) is None


def test_a_model_record_reads_back():
    model = Model("openai", "text-embedding-3-small", 1536)
    assert Model.from_json(model.as_json()) == model


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=1, seconds=5), "1 minute ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=40), "1 month ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(days=-1), "in the future"),
    ],
)
def test_age_is_told_in_one_unit(passed, words):
    assert age(NOW - passed, NOW) == words
