"""Vectors on their way to PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from memory_mcp.errors import ConfigurationError


def fit(vector: Sequence[float], width: int, model: str) -> list[float]:
    """Fill a vector with zeros up to the column's width: that leaves every cosine exactly as it was.

    Raises ConfigurationError when the model's vectors are longer than the column.
    """
    if len(vector) > width:
        raise ConfigurationError(
            f"{model} gives {len(vector)} dimensions, the column memories.embedding holds {width}",
            "the database was made for a smaller model",
            f"set MEMORY_EMBEDDING_DIMENSIONS={width} if the model can shorten, or widen the column: "
            f"memory-mcp db reembed --dimensions {len(vector)}",
        )
    return [*vector, *([0.0] * (width - len(vector)))]


def literal(vector: Sequence[float]) -> str:
    """Write a vector as pgvector reads it; seven digits are all that its 4-byte floats keep."""
    return f"[{','.join(f'{x:.7g}' for x in vector)}]"
