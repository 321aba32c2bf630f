"""The usual `.env` syntax: NAME=value, `export`, quotes, comments.

Unquoted values end at ` #`; single quotes keep everything as it is; double quotes know the escapes of
`_ESCAPES`. Quoted values may span lines. Nothing is expanded: a password with a $ in it stays that password.
"""

from __future__ import annotations

import re

from memory_mcp.errors import ConfigurationError

_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"(?=#)|[^\n]*?(?=[ \t]*(?:[ \t]#[^\n]*)?(?:\n|$))")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|$)")
_BLANK = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|$)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


def parse(text: str, name: str = ".env") -> dict[str, str]:
    """The variables of a .env file's `text`; a later line wins.

    Raises ConfigurationError that names the file (`name`) and the line, never the value.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    values: dict[str, str] = {}
    at = 0
    while at < len(text):
        blank = _BLANK.match(text, at)
        if blank and blank.end() > at:
            at = blank.end()
            continue
        key = _NAME.match(text, at)
        if key is None:
            raise _wrong(text, at, name, "it is not NAME=value")
        value, at = _value(text, key.end(), name)
        rest = _REST.match(text, at)
        if rest is None:
            raise _wrong(text, at, name, "something follows the closing quote")
        values[key[1]] = value
        at = rest.end()
    return values


def quote(value: str) -> str:
    """`value` as `parse` reads it back: bare when that is safe, else in double quotes."""
    if re.fullmatch(r"[A-Za-z0-9_./:@%?&=+,~-]*", value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def _value(text: str, at: int, name: str) -> tuple[str, int]:
    opening = text[at : at + 1]
    if opening == "'":
        single = _SINGLE.match(text, at)
        if single is None:
            raise _wrong(text, at, name, "the quote is never closed")
        return single[1], single.end()
    if opening == '"':
        double = _DOUBLE.match(text, at)
        if double is None:
            raise _wrong(text, at, name, "the quote is never closed")
        return re.sub(r"\\(.)", _unescape, double[1], flags=re.DOTALL), double.end()
    end = at
    if bare := _BARE.match(text, at):
        end = bare.end()
    return text[at:end], end


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[0])


def _wrong(text: str, at: int, name: str, why: str) -> ConfigurationError:
    line = text.count("\n", 0, at) + 1
    return ConfigurationError(
        f"{name}, line {line} cannot be read",
        why,
        "write NAME=value, with quotes around values that hold spaces",
    )
