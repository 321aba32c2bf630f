"""The filter language: what it reads, what it refuses, and that values never become SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.filters import Both, Comparison, Either, FilterError, from_object, parse
from memory_mcp.store.conditions import to_sql


def test_and_binds_tighter_than_or_and_parentheses_win():
    a, b, c = (Comparison(name, "=", 1) for name in "abc")
    assert parse("@metadata.a = 1 OR @metadata.b = 1 AND @metadata.c == 1") == Either((a, Both((b, c))))
    assert parse("(@metadata.a=1 OR @metadata.b=1) AND @metadata.c=1") == Both((Either((a, b)), c))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a \\"quoted\\" \\\\ word"', 'a "quoted" \\ word'),
        ("-3", -3),
        ("2.50", 2.5),
        ("true", True),
        ("false", False),
        ('"true"', "true"),
    ],
)
def test_values_keep_their_type(text, value):
    found = parse(f"@metadata.x != {text}")
    assert found == Comparison("x", "!=", value)
    assert type(found.value) is type(value)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("@metadata.a", 12),
        ("@metadata = 1", 1),
        ("@metadata. = 1", 1),
        ("@metadata.a.b = 1", 1),
        ("@other = 1", 1),
        ("topic = 1", 1),
        ("@id LIKE 1", 5),
        ("@id = 'x'", 7),
        ('@id = "x', 7),
        ("@id = 1.2.3", 7),
        ("@metadata.a = 1e999", 15),
        ("(@id = 1", 9),
        ("@id = 1)", 8),
        ("@id = 1 AND", 12),
        ("@id = 1 @id = 2", 9),
        ("@id = 1; DROP TABLE memories", 8),
        ("(" * 60 + "@id = 1" + ")" * 60, 52),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(text, position):
    with pytest.raises(FilterError, match=f"character {position}\\b") as caught:
        parse(text)
    assert caught.value.why.startswith(("expected ", "nothing in the language"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('@metadata.tags = "x"', "CONTAINS"),
        ('@id > "x"', "= and !="),
        ("@metadata.topic = 3", "double quotes"),
        ('@metadata.importance = "huge"', "low"),
        ("@metadata.done > true", "not ordered"),
    ],
)
def test_a_comparison_that_cannot_hold_is_refused(text, why):
    with pytest.raises(FilterError) as caught:
        to_sql(parse(text))
    assert why in caught.value.why


def test_an_object_asks_for_every_key_and_for_any_value_of_a_list():
    assert from_object({"topic": "x", "tags": ["a", "b"]}) == Both(
        (
            Either((Comparison("topic", "=", "x"),)),
            Either((Comparison("tags", "CONTAINS", "a"), Comparison("tags", "CONTAINS", "b"))),
        )
    )


@pytest.mark.parametrize(
    "filters", [{"a b": 1}, {"": 1}, {"a": None}, {"a": []}, {"a": {"b": 1}}, {"a": float("nan")}, {"a": "\0"}]
)
def test_an_object_with_a_key_or_value_that_cannot_be_compared_is_refused(filters):
    with pytest.raises(FilterError):
        to_sql(from_object(filters))


def test_an_empty_object_asks_for_nothing():
    assert to_sql(from_object({})).sql == "true"


@given(st.text())
def test_any_text_is_either_read_or_refused_with_an_explanation(text):
    try:
        node = parse(text)
    except FilterError as error:
        assert error.why or error.fix
    else:
        assert isinstance(node, Comparison | Both | Either)


operators = st.sampled_from(["=", "!=", ">", "<", ">=", "<=", "CONTAINS"])
names = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
strings = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)


@given(names, operators, strings)
def test_neither_the_name_nor_the_value_appears_in_the_sql(name, operator, value):
    marked, asked = f"{name}-zqj", f"zqj {value}"
    quoted = asked.replace("\\", "\\\\").replace('"', '\\"')
    condition = to_sql(parse(f'@metadata.{marked} {operator} "{quoted}"'))
    assert "zqj" not in condition.sql
    assert condition.sql.count("%s") == len(condition.parameters)
    assert any("zqj" in parameter for parameter in condition.parameters)
