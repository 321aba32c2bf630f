"""Cutting files into memories: nothing is lost, nothing is too long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.server.files import chunks

words = st.text("abc \n", max_size=300)


@given(words, st.integers(10, 60))
def test_chunks_keep_every_word_in_order_and_the_limit(text, size):
    pieces = chunks(text, size)
    assert all(0 < len(piece) <= size for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_short_paragraphs_stay_together_and_long_ones_are_cut_at_spaces():
    assert chunks("one\n\ntwo\n\n\n\nthree", 20) == ["one\n\ntwo\n\nthree"]
    assert chunks("aaaa bbbb cccc", 10) == ["aaaa bbbb", "cccc"]
    assert chunks("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]
