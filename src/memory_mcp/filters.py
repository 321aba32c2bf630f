"""Filters on memories: a small language, and plain `filters` objects; `store.conditions` turns both into SQL.

    @metadata.topic = "billing" AND (@metadata.tags CONTAINS "urgent" OR @metadata.score >= 7)

Fields are `@id` and `@metadata.NAME`. A few names are columns of the table; every other name is looked up in
the JSON of the column metadata, with JSON's types: `= 5` does not find the text "5". A field that is missing
is different (`!=`) from everything, and neither greater nor smaller.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from memory_mcp.errors import ConfigurationError

Value: TypeAlias = str | float | bool
Operator: TypeAlias = Literal["=", "!=", ">", "<", ">=", "<=", "CONTAINS"]

DEEPEST: Final = 50  # nested parentheses; nobody writes more, and recursion must end
LONGEST: Final = 10_000  # characters


class FilterError(ConfigurationError):
    """The expression cannot be understood."""


@dataclass(frozen=True)
class Comparison:
    """One field, one operator, one value. `field` is "id" or the name after `@metadata.`."""

    field: str
    operator: Operator
    value: Value
    is_id: bool = False


@dataclass(frozen=True)
class Both:
    """Every part must hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    """One part must hold."""

    parts: tuple[Node, ...]


Node: TypeAlias = Comparison | Both | Either


def parse(expression: str) -> Node:
    """Read an expression. Raises FilterError that says where it stops making sense."""
    if len(expression) > LONGEST:
        raise FilterError(f"The filter expression is longer than {LONGEST:,} characters", "", "shorten it")
    return _Parser(expression).whole()


def from_object(filters: Mapping[str, Any]) -> Node:
    """Read a `filters` object: every key must match; a list means any of its values.

    Raises FilterError for values that cannot be compared.
    """
    return Both(tuple(_any_of(name, value) for name, value in filters.items()))


_TOKENS: Final = re.compile(
    r"""(?P<space>\s+)
    | (?P<field>@[A-Za-z0-9_.\-]+)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<operator>==|!=|>=|<=|[=<>])
    | (?P<paren>[()])
    | (?P<word>[A-Za-z]+)
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        found = _TOKENS.match(text, position)
        if found is None:
            raise _wrong(text, position, "nothing in the language starts like this")
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found.group(), position)
        position = found.end()
    yield _Token("end", "", position)


class _Parser:
    """Recursive descent: OR binds weakest, then AND, then one comparison or parentheses."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._either()
        if self._peek().kind != "end":
            raise self._expected("AND, OR or the end")
        return node

    def _either(self) -> Node:
        parts = [self._both()]
        while self._word("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Node:
        parts = [self._one()]
        while self._word("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Node:
        if self._peek().text != "(":
            return self._comparison()
        self._take()
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._expected(f"no more than {DEEPEST} nested parentheses")
        node = self._either()
        if self._peek().text != ")":
            raise self._expected("a closing parenthesis")
        self._take()
        self._depth -= 1
        return node

    def _comparison(self) -> Comparison:
        name, is_id = self._field()
        operator = self._peek()
        if operator.kind != "operator" and operator.text.upper() != "CONTAINS":
            raise self._expected("one of = == != > < >= <= CONTAINS")
        self._take()
        sign: Any = "=" if operator.text == "==" else operator.text.upper()
        return Comparison(name, sign, self._value(), is_id)

    def _field(self) -> tuple[str, bool]:
        token = self._peek()
        if token.kind != "field":
            raise self._expected("a field: @id or @metadata.NAME")
        name = token.text.removeprefix("@metadata.")
        if token.text != "@id" and (name == token.text or not _NAME.fullmatch(name)):
            raise self._expected("@id or @metadata.NAME (letters, digits, _ and -)")
        self._take()
        return ("id", True) if token.text == "@id" else (name, False)

    def _value(self) -> Value:
        token = self._peek()
        if token.kind == "string":
            if "\0" in token.text:  # PostgreSQL stores no text with a zero byte
                raise self._expected("a text without zero bytes")
            self._take()
            return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        if token.kind == "number":
            number = float(token.text) if re.search(r"[.eE]", token.text) else int(token.text)
            if not math.isfinite(number):
                raise self._expected("a number that a computer can hold")
            self._take()
            return number
        if token.text.lower() in {"true", "false"}:
            self._take()
            return token.text.lower() == "true"
        raise self._expected('a value: "text", a number, true or false')

    def _word(self, word: str) -> bool:
        if self._peek().kind == "word" and self._peek().text.upper() == word:
            self._take()
            return True
        return False

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> None:
        self._next += 1

    def _expected(self, what: str) -> FilterError:
        return _wrong(self._text, self._peek().position, f"expected {what}")


def _any_of(name: str, value: Any) -> Node:
    if not _NAME.fullmatch(name):
        raise FilterError(
            f"filters has the key {name!r}",
            "a field name is letters, digits, _ and -",
            "rename or remove the key",
        )
    operator: Operator = "CONTAINS" if name == "tags" else "="
    values = value if isinstance(value, list | tuple) else [value]
    if not values or not all(_comparable(v) for v in values):
        raise FilterError(
            f"filters.{name} is {json.dumps(value, default=str)[:80]}",
            "a value is a text, a number, true, false, or a list of those",
            "give such a value, or leave the key out",
        )
    return Either(tuple(Comparison(name, operator, v) for v in values))


def _comparable(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value
    return isinstance(value, int | float) and math.isfinite(value)


def _wrong(text: str, position: int, why: str) -> FilterError:
    near = text[position : position + 20]
    seen = f"The filter expression stops making sense at character {position + 1}" + (
        f": {near!r}" if near else ""
    )
    return FilterError(
        seen, why, 'for example: @metadata.topic = "billing" AND @metadata.tags CONTAINS "urgent"'
    )
