"""Filters as SQL: every value and every field name of the caller is a bound parameter."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from memory_mcp.filters import Both, Comparison, FilterError, Node

# field name -> column; importance is a number in the table and a word for people
COLUMNS: Final = {
    "topic": "topic",
    "importance": "importance",
    "tags": "tags",
    "source": "source",
    "sourcePath": "source_path",
    "source_path": "source_path",
    "kind": "kind",
    "memoryType": "memory_type",
    "memory_type": "memory_type",
}
IMPORTANCE: Final = {"low": 0, "medium": 1, "high": 2}


class Condition(NamedTuple):
    """A piece of SQL with %s for each parameter; it never holds a value or a field name of the caller."""

    sql: str
    parameters: tuple[Any, ...]


def to_sql(node: Node) -> Condition:
    """Give the SQL of an expression, for a query on the table memories. Raises FilterError."""
    if isinstance(node, Comparison):
        return _comparison(node)
    conditions = [to_sql(part) for part in node.parts]
    if not conditions:
        return Condition("true", ())
    word = " AND " if isinstance(node, Both) else " OR "
    return Condition(
        f"({word.join(c.sql for c in conditions)})", tuple(p for c in conditions for p in c.parameters)
    )


def _comparison(node: Comparison) -> Condition:
    if node.is_id:
        if node.operator not in {"=", "!="}:
            raise _unfit(node, "@id knows = and != only")
        return Condition(f"id {_SQL_OPERATOR[node.operator]} %s", (str(node.value),))
    column = COLUMNS.get(node.field)
    if column == "tags":
        return _tags(node)
    if column == "importance":
        return _importance(node)
    return _text(node, column) if column else _json(node)


# written out, so that only these words can ever reach the SQL; != must also find rows without a value
_SQL_OPERATOR: Final[dict[str, str]] = {
    "=": "=",
    "!=": "IS DISTINCT FROM",
    ">": ">",
    "<": "<",
    ">=": ">=",
    "<=": "<=",
}


def _tags(node: Comparison) -> Condition:
    if node.operator != "CONTAINS" or not isinstance(node.value, str):
        raise _unfit(node, 'tags is a list: use CONTAINS "text"')
    return Condition("tags @> ARRAY[%s]::text[]", (node.value,))


def _importance(node: Comparison) -> Condition:
    value = IMPORTANCE.get(node.value.lower()) if isinstance(node.value, str) else node.value
    if node.operator == "CONTAINS" or value is None or isinstance(value, bool):
        raise _unfit(node, 'importance is "low", "medium" or "high" (or 0, 1, 2)')
    return Condition(f"importance {_SQL_OPERATOR[node.operator]} %s::numeric", (value,))


def _text(node: Comparison, column: str) -> Condition:
    if not isinstance(node.value, str):
        raise _unfit(node, f"{node.field} is a text: put the value into double quotes")
    if node.operator == "CONTAINS":
        return Condition(f"strpos({column}, %s) > 0", (node.value,))
    return Condition(f"{column} {_SQL_OPERATOR[node.operator]} %s", (node.value,))


def _json(node: Comparison) -> Condition:
    value = json.dumps(node.value)
    if node.operator in {"=", "!="}:  # containment is what the GIN index on metadata answers
        found = "COALESCE(metadata, '{}') @> %s::jsonb" if node.operator == "!=" else "metadata @> %s::jsonb"
        return Condition(
            f"NOT {found}" if node.operator == "!=" else found, (f"{{{json.dumps(node.field)}: {value}}}",)
        )
    if node.operator == "CONTAINS":
        element = Condition("metadata -> %s @> %s::jsonb", (node.field, f"[{value}]"))
        if not isinstance(node.value, str):
            return element
        return Condition(
            f"({element.sql} OR (jsonb_typeof(metadata -> %s) = 'string' AND strpos(metadata ->> %s, %s) > 0))",
            (*element.parameters, node.field, node.field, node.value),
        )
    if isinstance(node.value, bool):
        raise _unfit(node, "true and false are not ordered: use = or !=")
    kind = "string" if isinstance(node.value, str) else "number"
    ordered = f"metadata -> %s {_SQL_OPERATOR[node.operator]} %s::jsonb"
    return Condition(
        f"(jsonb_typeof(metadata -> %s) = '{kind}' AND {ordered})", (node.field, node.field, value)
    )


def _unfit(node: Comparison, why: str) -> FilterError:
    name = "@id" if node.is_id else f"@metadata.{node.field}"
    return FilterError(
        f"{name} {node.operator} {json.dumps(node.value)[:80]} cannot be asked", why, "change the filter"
    )
