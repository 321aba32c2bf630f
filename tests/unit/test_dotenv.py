"""The .env parser: the usual syntax, round trips, and errors that never show a value."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp import dotenv
from memory_mcp.errors import ConfigurationError

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
values = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=plain", "plain"),
        ("A=", ""),
        ("export A=exported", "exported"),
        ("  A = spaced  ", "spaced"),
        ("A=two words", "two words"),
        ("A=value # a comment", "value"),
        ("A=# only a comment", ""),
        ("A= # only a comment", ""),
        ("A=p#ss", "p#ss"),
        ("A='single # $x \\n'", "single # $x \\n"),
        ('A="double # \\" \\n" # comment', 'double # " \n'),
        ('A="two\nlines"', "two\nlines"),
        ("A=$HOME", "$HOME"),
        ("A=x=y", "x=y"),
        ("\ufeffA=bom", "bom"),
        ("A=crlf\r\n", "crlf"),
    ],
)
def test_usual_syntax_is_read(line, value):
    assert dotenv.parse(line) == {"A": value}


def test_comments_and_blank_lines_are_skipped_and_the_last_line_wins():
    assert dotenv.parse("# head\n\n  # more\nA=1\nB=2\nA=3\n") == {"A": "3", "B": "2"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nnonsense secret", 2),
        ("A='secret", 1),
        ('\nA="secret', 2),
        ('A="secret" trailing', 1),
        ("1A=secret", 1),
    ],
)
def test_what_cannot_be_read_is_named_by_line_and_never_shown(text, line):
    with pytest.raises(ConfigurationError) as caught:
        dotenv.parse(text, "my.env")
    assert f"my.env, line {line} " in caught.value.seen
    assert "secret" not in str(caught.value)


@given(st.dictionaries(names, values))
def test_every_value_survives_quoting(variables):
    text = "".join(f"{name}={dotenv.quote(value)}\n" for name, value in variables.items())
    assert dotenv.parse(text) == variables


@given(st.text())
def test_any_text_parses_or_is_refused(text):
    with contextlib.suppress(ConfigurationError):
        dotenv.parse(text)
