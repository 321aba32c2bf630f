"""Changing one value in JSON with comments: only its own text is replaced.

Comments, order and indentation of everything else stay as they are. Every change is read again before it is
returned, and must say what was there before, and the change.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from memory_mcp.clients.jsonc import BLANK, JsonError, Member, Node, parse, read, wrong


def put(text: str, path: Sequence[str], value: Any) -> str:
    """Return the text with the value at `path` set; objects on the way are made. Raises JsonError."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if not BLANK.sub("", text.lstrip("\ufeff")):
        nested = value
        for key in reversed(path):
            nested = {key: nested}
        before = text.rstrip()
        return before + (newline if before.strip("\ufeff") else "") + _dump(nested, "", newline) + newline
    root = read(text)
    here, depth = root, 0
    while depth < len(path):
        found = _member(here, path[depth], text)
        if found is None:
            break
        here, depth = found.node, depth + 1
    if depth == len(path):
        changed = text[: here.start] + _dump(value, _indent(text, here.start), newline) + text[here.end :]
    else:
        for key in reversed(path[depth + 1 :]):
            value = {key: value}
        if not isinstance(here.value, dict):
            raise wrong(text, here.start, "an object {…} is expected here")
        changed = _insert(text, here, f"{json.dumps(path[depth], ensure_ascii=False)}: ", value, newline)
    return _checked(
        changed, _with(root.value, path, value if depth == len(path) else _leaf(value, path[depth + 1 :]))
    )


def append(text: str, key: str, value: Any) -> str:
    """Return the text with a value added to the array at a top-level key, which is made. Raises JsonError."""
    root = read(text)
    found = _member(root, key, text)
    if found is None:
        return put(text, [key], [value])
    if not isinstance(found.node.value, list):
        raise wrong(text, found.node.start, "an array […] is expected here")
    changed = _insert(text, found.node, "", value, "\r\n" if "\r\n" in text else "\n")
    return _checked(changed, _with(root.value, [key], [*found.node.value, value]))


def remove(text: str, path: Sequence[str]) -> str:
    """Return the text without the member at `path`; unchanged when there is none. Raises JsonError."""
    root = read(text)
    here = root
    for key in path[:-1]:
        found = _member(here, key, text)
        if found is None:
            return text
        here = found.node
    gone = _member(here, path[-1], text)
    if gone is None:
        return text
    start, end = gone.start, (gone.comma + 1 if gone.comma >= 0 else gone.node.end)
    before, after = text[:start], text[end:]
    if re.match(r"[ \t]*\r?\n", after):  # nothing else is on its line: the line goes too
        before = before.rstrip(" \t")
        after = re.sub(r"^[ \t]*\r?\n", "", after, count=1) if before.endswith("\n") else after
    position = here.members.index(gone)
    if gone.comma < 0 and position > 0:
        comma = here.members[position - 1].comma
        before = before[:comma] + before[comma + 1 :]
    expected = copy.deepcopy(root.value)
    inner = expected
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return _checked(before + after, expected)


def _insert(text: str, parent: Node, label: str, value: Any, newline: str) -> str:
    """Add a value, after its label, as the last one of an object or array."""
    base = _indent(text, parent.start)
    inner = _indent(text, parent.members[0].start) if parent.members else ""
    if len(inner) <= len(base):
        inner = base + ("\t" if base.startswith("\t") else "  ")
    close = parent.end - 1
    last = parent.members[-1].node.end if parent.members else parent.start + 1
    at = _end_of_content(text, last, close)
    line = f"{newline}{inner}{label}{_dump(value, inner, newline)}"
    if parent.members and parent.members[-1].comma >= 0:
        line += ","  # as the member before it
    tail = text[at:close]
    if "\n" not in tail:
        tail = newline + base
    added = text[:at] + line + tail + text[close:]
    if parent.members and parent.members[-1].comma < 0:
        added = f"{added[:last]},{added[last:]}"
    return added


def _end_of_content(text: str, start: int, close: int) -> int:
    """Find where the last comma or comment before a closing brace ends."""
    end = start
    for found in re.finditer(r"//[^\n]*|/\*.*?\*/|,", text[start:close], re.DOTALL):
        end = start + len(text[start : start + found.end()].rstrip("\r"))
    return end


def _dump(value: Any, indent: str, newline: str) -> str:
    step = "\t" if indent.startswith("\t") else 2
    lines = json.dumps(value, indent=step, ensure_ascii=False).split("\n")
    return (newline + indent).join(lines)


def _indent(text: str, position: int) -> str:
    """Take the white space at the start of the line."""
    line = text[text.rfind("\n", 0, position) + 1 : position].lstrip("\ufeff")
    return line[: len(line) - len(line.lstrip())]


def _member(node: Node, key: str, text: str) -> Member | None:
    if not isinstance(node.value, dict):
        raise wrong(text, node.start, "an object {…} is expected here")
    found = [member for member in node.members if member.key == key]
    if len(found) > 1:
        raise wrong(text, found[1].start, f"the key {key!r} is there twice")
    return found[0] if found else None


def _with(data: Any, path: Sequence[str], value: Any) -> Any:
    """Set a value in a copy of plain data."""
    whole = copy.deepcopy(data)
    inner = whole
    for key in path[:-1]:
        inner = inner.setdefault(key, {})
    inner[path[-1]] = value
    return whole


def _leaf(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        value = value[key]
    return value


def _checked(text: str, expected: Mapping[str, Any]) -> str:
    """Read the changed text again: it must say exactly what it said before, and the change."""
    if parse(text) != expected:
        raise JsonError("its form is unusual: it cannot be changed without risk to the rest")
    return text
