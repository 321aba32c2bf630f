"""Is the schema what it should be? The guide's five checks, then every object of the contract. Read-only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import catalog, contract, files, status
from memory_mcp.db.catalog import Catalog
from memory_mcp.db.compare import Difference, differences
from memory_mcp.db.connect import connect

# CVE-2026-3172 (buffer overflow in parallel HNSW builds) is fixed in this version of pgvector
SAFE_VECTOR = (0, 8, 2)


@dataclass(frozen=True)
class Check:
    """One of the guide's checks."""

    id: str
    ok: bool
    seen: str


@dataclass(frozen=True)
class Verdict:
    """The outcome of `verify` for the schema after migration `version`."""

    version: int
    checks: tuple[Check, ...]
    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is as agreed; warnings do not count."""
        return all(check.ok for check in self.checks) and not self.differences

    def as_json(self) -> dict[str, Any]:
        """For `db verify --json`."""
        return {
            "ok": self.ok,
            "version": str(self.version),
            "checks": [asdict(check) for check in self.checks],
            "differences": [asdict(difference) for difference in self.differences],
            "warnings": list(self.warnings),
        }


def verify(target: DatabaseTarget, folder: Path | None = None) -> Verdict:
    """Compares the database with the contract at its newest applied migration (else the newest there is)."""
    migrations = files.load(folder)
    with connect(target, "verifying the schema") as connection:
        _, plan = status.look(connection, migrations)
        known = [entry.version for entry in plan.applied] or [each.version for each in migrations.migrations]
        version = max(known, default=contract.INITIAL)
        actual = catalog.read(connection)
        return Verdict(
            version, _checks(actual), tuple(differences(connection, actual, version)), tuple(_warnings(actual))
        )


def _checks(actual: Catalog) -> tuple[Check, ...]:
    """The five checks of the guide's "Schema Verification"."""
    missing = [table for table in contract.TABLES if table not in actual.tables]
    embedding = actual.columns.get(("memories", "embedding"))
    vector_index = [name for name, (_, definition, _) in actual.indexes.items() if "embedding" in definition]
    return (
        Check(
            "tables", not missing, f"missing: {', '.join(missing)}" if missing else ", ".join(contract.TABLES)
        ),
        Check(
            "extension",
            bool(actual.vector),
            f"vector {actual.vector[0]}" if actual.vector else "vector is missing",
        ),
        Check(
            "embedding",
            bool(embedding and embedding[0].startswith("vector(")),
            embedding[0] if embedding else "no such column",
        ),
        Check("indexes", bool(vector_index), ", ".join(vector_index) or "no index on memories.embedding"),
        Check(
            "default_index",
            actual.default_index,
            "default/memory" if actual.default_index else "memory_indexes has no row default/memory",
        ),
    )


def _warnings(actual: Catalog) -> list[str]:
    if not actual.vector:
        return []
    if catalog.numbers(actual.vector[0]) >= SAFE_VECTOR:
        return []
    return [
        f"pgvector {actual.vector[0]} has CVE-2026-3172 (buffer overflow in parallel HNSW builds); "
        "install 0.8.2 or newer, then: ALTER EXTENSION vector UPDATE"
    ]
