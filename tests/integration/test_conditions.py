"""Filter expressions, evaluated by PostgreSQL and by a few lines of Python, must agree."""

from __future__ import annotations

import json

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from memory_mcp.filters import Both, Comparison, Either
from memory_mcp.store.conditions import to_sql

WORDS = ["a", "b", 'say "x"', "%s", "ä\\", "10", "true"]
values = st.one_of(st.sampled_from(WORDS), st.integers(-3, 3), st.sampled_from([0.5, 2.0]), st.booleans())
stored = st.dictionaries(st.sampled_from(["x", "y-z", "n_1"]), st.one_of(values, st.lists(values, max_size=3)))
rows = st.fixed_dictionaries(
    {
        "topic": st.none() | st.sampled_from(WORDS),
        "importance": st.integers(0, 2),
        "tags": st.lists(st.sampled_from(WORDS), max_size=3),
        "metadata": st.none() | stored,
    }
)
texts = st.sampled_from(WORDS)
comparisons = st.one_of(
    st.builds(Comparison, st.just("topic"), st.sampled_from(["=", "!=", "CONTAINS"]), texts),
    st.builds(Comparison, st.just("tags"), st.just("CONTAINS"), texts),
    st.builds(
        Comparison,
        st.just("importance"),
        st.sampled_from(["=", "!=", ">", "<", ">=", "<="]),
        st.sampled_from(["low", "medium", "high", 0, 1.5]),
    ),
    st.builds(Comparison, st.sampled_from(["x", "y-z"]), st.sampled_from(["=", "!=", "CONTAINS"]), values),
    st.builds(
        Comparison,
        st.sampled_from(["x", "n_1"]),
        st.sampled_from([">", "<", ">=", "<="]),
        st.integers(-3, 3),
    ),
)
expressions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Both(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Either(tuple(parts))),
    ),
    max_leaves=6,
)
IMPORTANCE = {"low": 0, "medium": 1, "high": 2}


def holds(node, row):
    if isinstance(node, Both):
        return all(holds(part, row) for part in node.parts)
    if isinstance(node, Either):
        return any(holds(part, row) for part in node.parts)
    if node.field in {"topic", "tags", "importance"}:
        actual = row[node.field]
    else:
        actual = (row["metadata"] or {}).get(node.field)
    wanted = IMPORTANCE.get(node.value, node.value) if node.field == "importance" else node.value
    return compare(actual, node.operator, wanted)


def compare(actual, operator, wanted):
    if operator == "CONTAINS":
        if isinstance(actual, list):
            return any(json_equal(item, wanted) for item in actual)
        return isinstance(actual, str) and isinstance(wanted, str) and wanted in actual
    if operator in {"=", "!="}:
        return json_equal(actual, wanted) == (operator == "=")
    if isinstance(actual, bool) or not isinstance(actual, int | float):
        return False
    return {">": actual > wanted, "<": actual < wanted, ">=": actual >= wanted, "<=": actual <= wanted}[
        operator
    ]


def json_equal(a, b):
    """Equality as JSON knows it: 2 is 2.0, true is not 1, "1" is not 1."""
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (a, b))
    return a == b if numbers else json.dumps(a) == json.dumps(b)


@pytest.fixture
def one_row(server):
    """A table with the filtered columns and one row that each example replaces."""
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        connection.execute(
            "CREATE TEMPORARY TABLE memories "
            "(id text, topic text, importance smallint, tags text[], metadata jsonb)"
        )
        yield connection


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expressions, rows)
def test_postgresql_and_python_agree_on_every_expression(one_row, node, row):
    one_row.execute("TRUNCATE memories")
    metadata = None if row["metadata"] is None else Jsonb(row["metadata"])
    one_row.execute(
        "INSERT INTO memories VALUES ('mem_1', %s, %s, %s, %s)",
        (row["topic"], row["importance"], row["tags"], metadata),
    )
    condition = to_sql(node)
    found = one_row.execute(f"SELECT id FROM memories WHERE {condition.sql}", condition.parameters).fetchall()
    assert bool(found) == holds(node, row), condition


@pytest.mark.parametrize(
    ("operator", "value", "found"), [("=", "mem_1", 1), ("!=", "mem_1", 0), ("=", "x' OR 1=1", 0)]
)
def test_ids_are_compared_as_they_are(one_row, operator, value, found):
    one_row.execute("INSERT INTO memories (id) VALUES ('mem_1')")
    condition = to_sql(Comparison("id", operator, value, is_id=True))
    rows = one_row.execute(f"SELECT id FROM memories WHERE {condition.sql}", condition.parameters).fetchall()
    assert len(rows) == found
