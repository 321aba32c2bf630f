"""Splitting SQL files as psql does."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.db import sqlfile
from memory_mcp.errors import ConfigurationError


def texts(sql: str) -> list[str]:
    return [statement.text for statement in sqlfile.split(sql, "f.sql")]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "SELECT ';'",
        "SELECT 'it''s; fine'",
        r"SELECT E'a\';b'",
        r"SELECT e'\\'",
        r"SELECT 'back\'",
        'SELECT ";" AS "a"";b"',
        "SELECT $$ ; $$",
        "SELECT $a$ ; $b$ ; $a$",
        "SELECT $ä$ ; $ä$",
        "SELECT 1 AS a$b$c",
        "SELECT U&'d\\0061t;a'",
        "SELECT /* ; /* nested; */ ; */ 1",
        "SELECT 1 -- not; here\n+ 1",
        "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
        "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC DELETE FROM a; DELETE FROM b; END",
        "DO $do$ BEGIN EXECUTE 'x;'; END $do$",
    ],
)
def test_a_semicolon_inside_something_ends_nothing(statement):
    assert texts(f"{statement};\nSELECT 2") == [statement, "SELECT 2"]


def test_comments_and_empty_statements_are_no_statements():
    assert texts("-- a; b\n;;/* c; */ ; \n") == []


def test_lines_are_those_of_the_first_word():
    statements = sqlfile.split("-- head\n\nSELECT 1;\n/* x\n */ SELECT\n 2;SELECT 3", "f.sql")
    assert [statement.line for statement in statements] == [3, 5, 6]


def test_words_leave_out_strings_comments_and_quoted_names():
    (statement,) = sqlfile.split("drop /* not */ table 'x' \"Select\" $$delete$$ if exists t", "f.sql")
    assert statement.words == "DROP TABLE IF EXISTS T"


@pytest.mark.parametrize(
    ("sql", "line", "why"),
    [
        ("SELECT 1;\n\\d memories", 2, "\\d is a command of psql"),
        ("\n\\i other.sql", 2, "\\i is a command of psql"),
        ("SELECT 'open", 1, "never closed"),
        ("SELECT 1;\nSELECT $x$ open", 2, "never closed"),
        ("\n\n/* open /* */", 3, "never closed"),
        ('SELECT "open', 1, "never closed"),
        ("SELECT E'open\\'", 1, "never closed"),
        ("SELECT \0", 1, "NUL"),
    ],
)
def test_what_only_psql_understands_is_refused_by_line(sql, line, why):
    with pytest.raises(ConfigurationError) as caught:
        sqlfile.split(sql, "f.sql")
    assert caught.value.seen.startswith(f"f.sql, line {line} ")
    assert why in caught.value.why


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfSELECT 1;\r\n\r\n", b"SELECT 1;", b"SELECT 1;\n\n"])
def test_line_ends_and_marks_of_editors_do_not_count(content):
    assert sqlfile.normalise(content, "f.sql") == "SELECT 1;\n"


def test_other_encodings_are_refused_by_line():
    with pytest.raises(ConfigurationError, match="line 2"):
        sqlfile.normalise("ok\nä".encode("latin-1"), "f.sql")


pieces = st.sampled_from(
    [
        "'",
        '"',
        "$$",
        "$a$",
        ";",
        "--",
        "\n",
        "/*",
        "*/",
        "E'",
        "\\",
        "(",
        ")",
        "BEGIN ATOMIC",
        "END",
        "CREATE FUNCTION",
    ]
)


@given(st.lists(st.one_of(pieces, st.text(max_size=5))).map(" ".join))
def test_any_text_is_split_or_refused(text):
    with contextlib.suppress(ConfigurationError):
        for statement in sqlfile.split(text, "f.sql"):
            assert statement.text in text


literals = st.text(st.characters(codec="utf-8", exclude_characters="\0")).map(
    lambda text: text.replace("'", "''")
)


@given(st.lists(literals, min_size=1))
def test_statements_that_are_joined_come_apart_again(contents):
    statements = [f"SELECT '{content}'" for content in contents]
    assert texts(";\n".join(statements)) == statements
