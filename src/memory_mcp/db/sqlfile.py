"""Splits an SQL file into statements as psql does, without a server.

Follows PostgreSQL's lexical rules (documentation, "Lexical Structure") as far as they decide where a statement
ends: strings, escape strings, quoted names, dollar quotes, nested comments, parentheses, and the bodies of
SQL-standard functions (BEGIN ATOMIC … END).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from memory_mcp.errors import ConfigurationError

# every character from U+0080 on is a letter to PostgreSQL
_LETTER = r"[^\x00-@\[-^`{-\x7f]"
_TOKEN = re.compile(
    r"""
      (?P<space>\s+ | --[^\n]*)
    | (?P<comment>/\*)
    | (?P<string>[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*' | '[^']*(?:''[^']*)*' | "[^"]*(?:""[^"]*)*")
    | (?P<open>[eE]?'|")
    | (?P<dollar>\$(?:LETTER(?:LETTER|\d)*)?\$)
    | (?P<word>LETTER(?:LETTER|[\d$])*)
    | (?P<number>\d[\w.]*)
    | (?P<other>.)
    """.replace("LETTER", _LETTER),
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_FUNCTION = re.compile(r"CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)\b")


@dataclass(frozen=True)
class Statement:
    """One statement: its text without the semicolon, the line where it starts, its bare words in capitals."""

    text: str
    line: int
    words: str

    def matches(self, pattern: str) -> bool:
        """Whether the words contain the regular expression at a word's start."""
        return re.search(rf"(?:^| )(?:{pattern})(?: |$)", self.words) is not None

    def starts(self, pattern: str) -> bool:
        """Whether the words begin with the regular expression."""
        return re.match(rf"(?:{pattern})(?: |$)", self.words) is not None


def normalise(content: bytes, name: str) -> str:
    """The text of a file as it is compared, stored and run: UTF-8, no BOM, LF line ends, one at the end."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse(name, line, "it is not UTF-8", "save it as UTF-8") from None
    return text.replace("\r\n", "\n").rstrip() + "\n"


def split(text: str, name: str) -> tuple[Statement, ...]:
    """The statements of `text`. Raises ConfigurationError, naming file and line, for what only psql can run."""
    return tuple(_Splitter(text, name).statements())


def refuse(name: str, line: int, why: str, fix: str) -> ConfigurationError:
    """The error for something in an SQL file that cannot be run."""
    return ConfigurationError(f"{name}, line {line} cannot be run as a migration", why, fix)


class _Splitter:
    """One pass over one file."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.start: int | None = None  # where the current statement's first token is
        self.words: list[str] = []
        self.parentheses = 0
        self.blocks = 0  # open BEGIN ATOMIC and CASE inside a function's body
        self.line, self.counted = 1, 0

    def statements(self) -> Iterator[Statement]:
        at = 0
        while at < len(self.text):
            token = _TOKEN.match(self.text, at)
            if token is None:  # pragma: no cover - `other` matches any character
                break
            at, kind = token.end(), token.lastgroup
            if kind == "comment":
                at = self._end_of_comment(token.start())
            if kind in {"space", "comment"}:
                continue
            if token[0] == ";" and not self.parentheses and not self.blocks:
                yield from self._finish(token.start())
                continue
            if self.start is None:
                self.start = token.start()
            if kind == "word":
                self._word(token[0].upper())
            elif kind == "open":
                raise self._wrong(token.start(), "the quote that opens here is never closed", "close it")
            elif kind == "dollar":
                at = self._end_of_dollar(token[0], token.start())
            elif kind == "other":
                self._other(token[0], token.start())
        yield from self._finish(len(self.text))

    def _finish(self, end: int) -> Iterator[Statement]:
        if self.start is not None:
            text = self.text[self.start : end].rstrip()
            yield Statement(text, self._line_of(self.start), " ".join(self.words))
        self.start, self.words, self.parentheses, self.blocks = None, [], 0, 0

    def _word(self, word: str) -> None:
        self.words.append(word)
        if self.blocks:
            self.blocks += {"CASE": 1, "END": -1}.get(word, 0)
        elif (
            word == "ATOMIC"
            and self.words[-2:] == ["BEGIN", "ATOMIC"]
            and _FUNCTION.match(" ".join(self.words))
        ):
            self.blocks = 1

    def _other(self, character: str, at: int) -> None:
        if character == "\\":
            command = re.match(r"\\\S*", self.text[at:])
            raise self._wrong(
                at,
                f"{command[0] if command else character} is a command of psql, not SQL",
                "write it as SQL, so that every tool can run the file",
            )
        if character == "\0":
            raise self._wrong(at, "it contains a NUL character", "remove it")
        self.parentheses = max(0, self.parentheses + {"(": 1, ")": -1}.get(character, 0))

    def _end_of_comment(self, at: int) -> int:
        depth = 0
        for edge in _COMMENT_EDGE.finditer(self.text, at):
            depth += 1 if edge[0] == "/*" else -1
            if depth == 0:
                return edge.end()
        raise self._wrong(at, "the comment that opens here is never closed", "close it (comments nest)")

    def _end_of_dollar(self, tag: str, at: int) -> int:
        end = self.text.find(tag, at + len(tag))
        if end < 0:
            raise self._wrong(at, f"the text that {tag} opens here is never closed", f"close it with {tag}")
        return end + len(tag)

    def _line_of(self, at: int) -> int:
        self.line += self.text.count("\n", self.counted, at)
        self.counted = at
        return self.line

    def _wrong(self, at: int, why: str, fix: str) -> ConfigurationError:
        return refuse(self.name, self.text.count("\n", 0, at) + 1, why, fix)
