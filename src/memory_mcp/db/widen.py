"""Makes the column memories.embedding wider, for a model with more dimensions.

Vectors that are there are filled up with zeros, which leaves every cosine as it was.
"""

from __future__ import annotations

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import lock, tune
from memory_mcp.db.connect import check_server, connect
from memory_mcp.db.runner import LIMITS
from memory_mcp.errors import ConfigurationError

# pgvector indexes up to 2,000 dimensions of vector, up to 4,000 of halfvec
_EXACT, _MOST = 2000, 4000


def widen(target: DatabaseTarget, dimensions: int) -> int:
    """Changes the column to vector(`dimensions`) and returns its old width; nothing happens when it is as wide.

    The table is rewritten under a lock that keeps readers out meanwhile. Raises ConfigurationError for fewer
    dimensions than it has, and for more than can be indexed.
    """
    with connect(target, "widening the column") as connection:
        check_server(connection)
        with lock.held(connection, 60, LIMITS):
            found = tune.measure(connection)
            if dimensions == found.dimensions:
                return dimensions
            if not found.dimensions < dimensions <= _MOST:
                raise ConfigurationError(
                    f"the column has {found.dimensions} dimensions and cannot be made {dimensions}",
                    f"it can only grow, and pgvector indexes at most {_MOST}",
                    f"choose a number from {found.dimensions + 1} to {_MOST}",
                )
            for name in found.indexes:
                connection.execute(f'DROP INDEX "{name}"'.encode())
            zeros = f"array_fill(0::real, ARRAY[{dimensions - found.dimensions}])"
            connection.execute(
                f"ALTER TABLE memories ALTER COLUMN embedding TYPE vector({dimensions}) "
                f"USING (embedding::real[] || {zeros})::vector({dimensions})".encode()
            )
            # building ivfflat over 2,000 dimensions takes 77 MB, more than the server's default allows
            connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
            connection.execute(_index(dimensions).encode())
            return found.dimensions


def _index(dimensions: int) -> str:
    if dimensions <= _EXACT:
        exact = "ivfflat (embedding vector_cosine_ops) WITH (lists = 1)"
        return f"CREATE INDEX {tune.EXACT} ON memories USING {exact}"
    half = f"(embedding::halfvec({dimensions})) halfvec_cosine_ops"
    return f"CREATE INDEX {tune.HNSW} ON memories USING hnsw ({half})"
