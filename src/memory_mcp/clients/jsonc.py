"""JSON as editors write it, with comments and trailing commas, read with the place of every value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

BLANK: Final = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_TOKEN: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"/]+')
_DEEPEST: Final = 200


class JsonError(ValueError):
    """The text is not JSON, even with comments. Says line, column and what was expected."""


@dataclass
class Node:
    """A value and the place of its text. `members` are an object's keys, or an array's items without keys."""

    start: int
    end: int
    value: Any
    members: list[Member] = field(default_factory=list)


@dataclass
class Member:
    """One key of an object; `comma` is the place of the comma after it, or -1."""

    key: str
    start: int
    node: Node
    comma: int = -1


def parse(text: str) -> Any:
    """Read a text as plain values. Raises JsonError."""
    return read(text).value


def read(text: str) -> Node:
    """Read a text with the places of its values. Raises JsonError."""
    return _Reader(text).whole()


class _Reader:
    """Recursive descent over tokens; the place of everything is remembered."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 1 if text.startswith("\ufeff") else 0

    def whole(self) -> Node:
        node = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise wrong(self._text, self._at, "nothing more is expected")
        return node

    def _value(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise wrong(self._text, self._at, "it is nested too deeply")
        start, word = self._take("a value")
        if word == "{":
            return self._object(start, depth)
        if word == "[":
            return self._array(start, depth)
        return Node(start, self._at, self._scalar(start, word))

    def _scalar(self, start: int, word: str) -> Any:
        try:
            return json.loads(word)
        except ValueError:
            raise wrong(self._text, start, "this is no JSON value") from None

    def _object(self, start: int, depth: int) -> Node:
        node = Node(start, start, {})
        while True:
            at, word = self._take("a key in double quotes, or }")
            if word == "}":
                node.end = self._at
                return node
            if not word.startswith('"'):
                raise wrong(self._text, at, "a key in double quotes, or } is expected")
            if self._take("a colon")[1] != ":":
                raise wrong(self._text, at, "a colon is expected after this key")
            member = Member(str(self._scalar(at, word)), at, self._value(depth + 1))
            node.members.append(member)
            node.value[member.key] = member.node.value
            if self._peek() == ",":
                member.comma, _ = self._take("a comma")
            elif self._peek() != "}":
                raise wrong(self._text, self._at, "a comma or } is expected")

    def _array(self, start: int, depth: int) -> Node:
        node = Node(start, start, [])
        while self._peek() != "]":
            item = self._value(depth + 1)
            member = Member("", item.start, item)
            node.members.append(member)
            node.value.append(item.value)
            if self._peek() == ",":
                member.comma, _ = self._take("a comma")
            elif self._peek() != "]":
                raise wrong(self._text, self._at, "a comma or ] is expected")
        self._take("]")
        node.end = self._at
        return node

    def _peek(self) -> str:
        self._skip()
        return self._text[self._at : self._at + 1]

    def _take(self, what: str) -> tuple[int, str]:
        self._skip()
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise wrong(self._text, self._at, f"{what} is expected")
        self._at = found.end()
        return found.start(), found.group()

    def _skip(self) -> None:
        if blank := BLANK.match(self._text, self._at):
            self._at = blank.end()


def wrong(text: str, position: int, why: str) -> JsonError:
    """Make the error for a place in the text."""
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return JsonError(f"line {line}, column {column}: {why}")
