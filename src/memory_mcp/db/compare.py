"""The schema as it is against the schema as agreed: every object that differs, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from memory_mcp.db import catalog, contract
from memory_mcp.db.catalog import Catalog
from memory_mcp.db.connect import Connection


@dataclass(frozen=True)
class Difference:
    """One object that is not as agreed; `found` is empty when it is missing."""

    object: str
    expected: str
    found: str = ""

    def __str__(self) -> str:
        return f"{self.object}: expected {self.expected}, found {self.found or 'nothing'}"


def differences(connection: Connection, actual: Catalog, version: int) -> list[Difference]:
    """Everything that differs from the contract after migration `version`."""
    missing = [
        Difference(f"table {table}", "a table") for table in contract.TABLES if table not in actual.tables
    ]
    return [
        *missing,
        *_columns(actual, version),
        *_keys(actual, version),
        *_checks(connection, actual, version),
        *_indexes(actual, version),
        *_trigger(actual),
    ]


def _columns(actual: Catalog, version: int) -> Iterator[Difference]:
    expected = {(column.table, column.name): column for column in contract.at(contract.COLUMNS, version)}
    for (table, name), column in expected.items():
        if table not in actual.tables:
            continue
        label = f"column {table}.{name}"
        found = actual.columns.get((table, name))
        if found is None:
            yield Difference(label, column.type)
            continue
        kind, required, default = found
        if kind != column.type and not (column.type == "vector" and kind.startswith("vector(")):
            yield Difference(label, column.type, kind)
        if column.default is not None and default != column.default:
            yield Difference(
                label, f"DEFAULT {column.default}", f"DEFAULT {default}" if default else "no default"
            )
        if column.required and not required:
            yield Difference(label, "NOT NULL", "nullable")
        if not column.required and required and default is None:
            yield Difference(label, "nullable", "NOT NULL without a default")
    for (table, name), (_, required, default) in actual.columns.items():
        if (table, name) not in expected and required and default is None:
            yield Difference(f"column {table}.{name}", "no such required column", "NOT NULL without a default")


def _keys(actual: Catalog, version: int) -> Iterator[Difference]:
    expected = {(key.table, key.definition) for key in contract.at(contract.KEYS, version)}
    found = {(each.table, each.definition) for each in actual.constraints if each.kind != "c"}
    for table, definition in sorted(expected - found):
        if table in actual.tables:
            yield Difference(f"constraint on {table}", definition)
    # an extra index slows down, an extra key refuses rows that are allowed
    for table, definition in sorted(found - expected):
        yield Difference(f"constraint on {table}", "no such constraint", definition)


def _checks(connection: Connection, actual: Catalog, version: int) -> Iterator[Difference]:
    found = {(each.table, each.name): each for each in actual.constraints if each.kind == "c"}
    for check in contract.at(contract.CHECKS, version):
        if (check.table, check.column) not in actual.columns:
            continue
        label = f"check {check.name} on {check.table}"
        constraint = found.get((check.table, check.name))
        if constraint is None:
            yield Difference(label, f"a check of {check.column}")
            continue
        if not constraint.validated:
            yield Difference(label, "valid for every row", "NOT VALID")
        values = check.accepts + check.refuses
        answers = dict(zip(values, catalog.accepts(connection, constraint, check.column, values), strict=True))
        wrong = [value for value in values if answers[value] != (value in check.accepts)]
        if wrong:
            yield Difference(label, f"{check.column} in {check.accepts}", f"another answer for {wrong}")


def _indexes(actual: Catalog, version: int) -> Iterator[Difference]:
    for index in contract.at(contract.INDEXES, version):
        if index.table not in actual.tables:
            continue
        label = f"index {index.name}"
        found = actual.indexes.get(index.name)
        if index.definition.startswith("ivfflat"):
            yield from _vector_index(actual, index)
        elif found is None or found[0] != index.table:
            yield Difference(label, f"on {index.table} using {index.definition}")
        elif found[1] != index.definition:
            yield Difference(label, index.definition, found[1])
        elif not found[2]:
            yield Difference(label, "a valid index", "an invalid one: a concurrent build was interrupted")


def _vector_index(actual: Catalog, index: contract.Index) -> Iterator[Difference]:
    """The index on embeddings: as agreed with any number of lists, or the HNSW index that `db tune` makes."""
    on_embedding = {
        name: definition
        for name, (table, definition, valid) in actual.indexes.items()
        if table == index.table and valid and definition.startswith(("ivfflat (embedding", "hnsw ("))
    }
    agreed = on_embedding.get(index.name, "").startswith(index.definition)
    tuned = any(
        definition.startswith("hnsw (") and "embedding" in definition for definition in on_embedding.values()
    )
    if not agreed and not tuned:
        found = actual.indexes.get(index.name)
        yield Difference(f"index {index.name}", index.definition, found[1] if found else "")


def _trigger(actual: Catalog) -> Iterator[Difference]:
    name, definition = contract.TRIGGER
    if "memories" not in actual.tables:
        return
    found = actual.triggers.get(name)
    if found is None or found[0] != definition:
        yield Difference(f"trigger {name}", definition, found[0] if found else "")
    elif not found[1]:
        yield Difference(f"trigger {name}", "an enabled trigger", "a disabled one")
    function, body = contract.TRIGGER_FUNCTION
    if found is not None and found[0] == definition and found[2] != body:
        yield Difference(f"function {function}", body, found[2])
