"""Files against ledger: state, order, and what must not go on."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from memory_mcp.db.files import Files
from memory_mcp.db.ledger import Entry
from memory_mcp.db.migration import Migration
from memory_mcp.db.plan import compare
from memory_mcp.errors import ConfigurationError, RefusedError


def file(version: int, text: str = "SELECT 1\n") -> Migration:
    return Migration(version, f"m{version}", text)


def row(version: int, text: str = "SELECT 1\n", state="applied") -> Entry:
    sha = file(version, text).sha256
    now = datetime.now(timezone.utc)
    return Entry(version, f"m{version}", sha, text, state, now, "me", 1, "0", 1, None)


def plan(versions, rows):
    return compare(Files(Path("/x"), tuple(file(each) for each in versions)), rows)


@pytest.mark.parametrize(
    ("versions", "rows", "state"),
    [
        ([1, 2], [], "empty"),
        ([1, 2], [row(1)], "pending"),
        ([1, 2], [row(1), row(2)], "current"),
        ([1, 2], [row(1), row(2, state="baseline")], "current"),
        ([1, 2], [row(1), row(2, state="failed")], "pending"),
        ([1, 2], [row(1), row(2, "SELECT 2\n")], "changed"),
        ([1], [row(1), row(2)], "changed"),
    ],
)
def test_one_word_says_the_state(versions, rows, state):
    assert plan(versions, rows).state == state


def test_an_edited_file_is_refused_and_the_lines_are_shown():
    with pytest.raises(RefusedError) as caught:
        plan([1], [row(1, "SELECT 0\n")]).check()
    assert "-SELECT 0" in caught.value.seen
    assert "+SELECT 1" in caught.value.seen


def test_a_missing_file_is_refused():
    with pytest.raises(RefusedError, match="missing"):
        plan([1], [row(1), row(2)]).check()


def test_a_late_file_is_refused_unless_allowed():
    found = plan([1, 2, 3], [row(1), row(3)])
    with pytest.raises(RefusedError, match=r"m2\.sql is older"):
        found.check()
    found.check(out_of_order=True)
    assert [each.version for each in found.next()] == [2]


def test_a_half_applied_file_is_not_late_and_may_be_corrected():
    found = plan([1, 2, 3], [row(1), row(2, "broken\n", state="failed"), row(3)])
    found.check()
    assert [each.version for each in found.next()] == [2]


def test_next_stops_where_it_is_told():
    found = plan([1, 2, 3], [])
    assert [each.version for each in found.next()] == [1, 2, 3]
    assert [each.version for each in found.next(to=2)] == [1, 2]
    assert [each.version for each in found.next(steps=1)] == [1]
    with pytest.raises(ConfigurationError):
        found.next(to=7)


def test_last_is_newest_first():
    found = plan([1, 2, 3], [row(1), row(2), row(3)])
    assert [each.version for each in found.last()] == [3]
    assert [each.version for each in found.last(steps=2)] == [3, 2]
    assert [each.version for each in found.last(to=1)] == [3, 2]
    assert [each.version for each in found.last(to=0)] == [3, 2, 1]
    with pytest.raises(ConfigurationError):
        found.last(to=7)
