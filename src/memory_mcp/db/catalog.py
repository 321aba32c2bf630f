"""Reads the schema of the memory tables from the system catalogs, in the terms of `contract`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from memory_mcp.db.connect import Connection
from memory_mcp.db.contract import TABLES

# One round trip. Tables are found as the application finds them: through its search_path.
_READ = """
WITH tables AS (
    SELECT name, to_regclass(name)::oid AS oid FROM unnest(%s::text[]) AS name
    WHERE to_regclass(name) IS NOT NULL)
SELECT jsonb_build_object(
    'tables', (SELECT jsonb_agg(name) FROM tables),
    'vector', (SELECT jsonb_build_array(extversion, extnamespace::regnamespace::text)
               FROM pg_extension WHERE extname = 'vector'),
    'columns', (
        SELECT jsonb_agg(jsonb_build_array(t.name, a.attname, format_type(a.atttypid, a.atttypmod),
                                           a.attnotnull, pg_get_expr(d.adbin, d.adrelid)))
        FROM tables AS t JOIN pg_attribute AS a ON a.attrelid = t.oid
        LEFT JOIN pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE a.attnum > 0 AND NOT a.attisdropped),
    'constraints', (
        SELECT jsonb_agg(jsonb_build_array(t.name, c.conname, c.contype, pg_get_constraintdef(c.oid),
                                           pg_get_expr(c.conbin, c.conrelid), c.convalidated))
        FROM tables AS t JOIN pg_constraint AS c ON c.conrelid = t.oid WHERE c.contype IN ('p', 'u', 'f', 'c')),
    'indexes', (
        SELECT jsonb_agg(jsonb_build_array(t.name, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid),
                                           i.indisvalid, i.indisunique))
        FROM tables AS t JOIN pg_index AS i ON i.indrelid = t.oid),
    'triggers', (
        SELECT jsonb_agg(jsonb_build_array(g.tgname, pg_get_triggerdef(g.oid), g.tgenabled, p.prosrc))
        FROM tables AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid JOIN pg_proc AS p ON p.oid = g.tgfoid
        WHERE NOT g.tgisinternal))
"""
_DEFAULT_INDEX = "SELECT count(*) FROM memory_indexes WHERE (project, name) = ('default', 'memory')"


@dataclass(frozen=True)
class Constraint:
    """`kind` is p, u, f or c; `expression` only for checks."""

    table: str
    name: str
    kind: str
    definition: str
    expression: str | None
    validated: bool


@dataclass(frozen=True)
class Catalog:
    """The schema as it is. Names without a schema, definitions in plain form."""

    tables: frozenset[str]
    vector: tuple[str, str] | None  # version and schema of the extension
    columns: dict[tuple[str, str], tuple[str, bool, str | None]]
    constraints: tuple[Constraint, ...]
    indexes: dict[str, tuple[str, str, bool]]  # name → table, definition, valid
    triggers: dict[str, tuple[str, bool, str]]  # name → definition, enabled, its function's body in plain form
    default_index: bool


def read(connection: Connection) -> Catalog:
    """The memory tables and everything on them."""
    row = connection.execute(_READ, [list(TABLES)]).fetchone()
    found: dict[str, Any] = {key: value or [] for key, value in (row[0] if row else {}).items()}
    has_default = False
    if "memory_indexes" in found["tables"]:
        counted = connection.execute(_DEFAULT_INDEX).fetchone()
        has_default = bool(counted and counted[0])
    return Catalog(
        tables=frozenset(found["tables"]),
        vector=(found["vector"][0], found["vector"][1]) if found["vector"] else None,
        columns={
            (table, name): (unqualified(kind), required, plain(default) if default else None)
            for table, name, kind, required, default in found["columns"]
        },
        constraints=tuple(
            Constraint(table, name, kind, unqualified(definition), expression, validated)
            for table, name, kind, definition, expression, validated in found["constraints"]
        ),
        indexes={
            unqualified(name): (table, unqualified(definition.partition(" USING ")[2]), valid)
            for table, name, definition, valid, _ in found["indexes"]
        },
        triggers={
            name: (unqualified(definition.partition(f" {name} ")[2]), enabled != "D", bare(body))
            for name, definition, enabled, body in found["triggers"]
        },
        default_index=has_default,
    )


def accepts(connection: Connection, constraint: Constraint, column: str, values: tuple[Any, ...]) -> list[bool]:
    """What a check constraint says to each value of `column`, all other columns being null."""
    rows = [{column: value} for value in values]
    expression = (constraint.expression or "true").replace("%", "%%")
    query = (
        f"SELECT ({expression}) IS NOT FALSE "  # noqa: S608 - the catalog's own expression
        f"FROM jsonb_populate_recordset(NULL::{constraint.table}, %s) AS {constraint.table}"
    )
    return [bool(row[0]) for row in connection.execute(query.encode(), [Jsonb(rows)])]


def numbers(version: str) -> tuple[int, ...]:
    """A version for comparing: "0.8.2" → (0, 8, 2)."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def unqualified(definition: str) -> str:
    """Without schema names: hosted databases keep extensions, and some people their tables, elsewhere."""
    return re.sub(r'\b(?!\d)(?:\w+|"[^"]+")\.(?=[A-Za-z_"])', "", definition)


def bare(body: str) -> str:
    """A function's body without comments, case, blanks, and the several ways to write `=` and `now()`."""
    text = re.sub(r"--[^\n]*|/\*.*?\*/", " ", body, flags=re.DOTALL).lower().replace(":=", "=")
    text = re.sub(r"\b(current_timestamp|(clock|statement|transaction)_timestamp\(\))", "now()", text)
    return re.sub(r" ?([=;()]) ?", r"\1", " ".join(text.split())).rstrip(";")


def plain(default: str) -> str:
    """A default without casts, quotes and schema: '{}'::jsonb → {}, 1.0 → 1, CURRENT_TIMESTAMP → now()."""
    text = re.sub(r"::[a-z ]+(\[\])?", "", unqualified(default)).replace("'", "")
    text = re.sub(r"^\((.*)\)$", r"\1", text)
    text = {"CURRENT_TIMESTAMP": "now()", "ARRAY[]": "{}"}.get(text, text)
    return re.sub(r"^(-?\d+)\.0+$", r"\1", text)
