"""Changing one value in JSON with comments: everything else stays, to the letter."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.clients.json_edit import append, put, remove
from memory_mcp.clients.jsonc import JsonError, parse

ENTRY = {"command": "/bin/memory-mcp", "args": ["serve"]}
VSCODE = """\
// my servers
{
    "inputs": [], // none yet
    "servers": {
        "github": { "url": "https://example.test/mcp", }, /* keep */
        // the last one
    },
}
"""

keys = st.text(st.characters(codec="utf-8"), max_size=6)
data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | keys,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(keys, data, max_size=4)
indents = st.sampled_from([None, 2, 4, "\t"])


def test_an_entry_is_added_and_every_comment_stays():
    changed = put(VSCODE, ["servers", "memory"], ENTRY)
    assert (
        changed.replace(
            """
        "memory": {
          "command": "/bin/memory-mcp",
          "args": [
            "serve"
          ]
        },""",
            "",
        )
        == VSCODE
    )
    assert parse(changed)["servers"]["memory"] == ENTRY


def test_an_entry_that_is_there_is_replaced_where_it_stands():
    old = '{\n  "mcpServers": {"memory": {"command": "old"}, "b": 1}\n}\n'
    assert parse(put(old, ["mcpServers", "memory"], 5)) == {"mcpServers": {"memory": 5, "b": 1}}
    assert put(old, ["mcpServers", "memory"], 5) == '{\n  "mcpServers": {"memory": 5, "b": 1}\n}\n'


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "// nothing yet\n"])
def test_a_file_without_content_gets_the_entry(text):
    assert parse(put(text, ["a", "b"], 1)) == {"a": {"b": 1}}


def test_windows_line_ends_are_kept():
    changed = put('{\r\n  "a": 1\r\n}\r\n', ["b"], {"c": 1})
    assert changed.count("\n") == changed.count("\r\n")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1',
        '{"a" 1}',
        "{a: 1}",
        '{"a": 1 "b": 2}',
        "[1",
        "[1 2]",
        '{"a": 1} x',
        '{"a": nope}',
        '{"a": "line\nbreak"}',
        "/* open",
        "[" * 300,
        '{"a": }',
        "[,]",
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text):
    with pytest.raises(JsonError, match=r"line \d+, column \d+"):
        parse(text)


@pytest.mark.parametrize("text", ["[]", '{"servers": []}', '{"servers": {}, "servers": {}}'])
def test_a_file_of_another_shape_is_refused_and_not_overwritten(text):
    with pytest.raises(JsonError):
        put(text, ["servers", "memory"], ENTRY)


@given(data, indents)
def test_plain_json_reads_as_python_reads_it(value, indent):
    text = json.dumps(value, indent=indent)
    assert parse(text) == json.loads(text)


@given(objects, indents, st.lists(keys, min_size=1, max_size=3, unique=True), data)
def test_after_a_change_everything_else_says_the_same(whole, indent, path, value):
    inner = whole
    for key in path[:-1]:
        if key in inner and not isinstance(inner[key], dict):
            del inner[key]
        inner = inner.get(key, {})
    changed = parse(put(json.dumps(whole, indent=indent), path, value))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    assert inner[path[-1]] == value
    expected = whole
    for key in path[:-1]:
        expected = expected.setdefault(key, {})
    expected[path[-1]] = value
    assert changed == whole


@given(objects, indents, keys, data)
def test_removing_what_was_added_gives_the_first_text_back_in_meaning(whole, indent, key, value):
    whole.pop(key, None)
    text = json.dumps(whole, indent=indent)
    assert parse(remove(put(text, [key], value), [key])) == whole


def test_removing_leaves_comments_and_other_lines_alone():
    assert remove(put(VSCODE, ["servers", "memory"], ENTRY), ["servers", "memory"]) == VSCODE
    assert remove(VSCODE, ["servers", "absent"]) == VSCODE
    assert remove('{\n  "a": 1, // one\n  "b": 2\n}', ["b"]) == '{\n  "a": 1 // one\n}'
    assert remove('{\n  "a": 1,\n  "b": 2\n}', ["a"]) == '{\n  "b": 2\n}'


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        parse(text)
    except JsonError as error:
        assert str(error)


@given(objects, indents, keys, st.lists(data, max_size=3), data)
def test_an_item_is_added_at_the_end_of_its_array(whole, indent, key, items, value):
    whole[key] = items
    assert parse(append(json.dumps(whole, indent=indent), key, value)) == {**whole, key: [*items, value]}


def test_an_array_that_is_not_there_is_made_and_another_value_is_refused():
    assert parse(append("{}", "inputs", 1)) == {"inputs": [1]}
    with pytest.raises(JsonError, match="array"):
        append('{"inputs": {}}', "inputs", 1)
