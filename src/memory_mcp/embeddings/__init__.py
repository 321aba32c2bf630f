"""Turning text into vectors: which embedder, and what all of them promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from memory_mcp.config import Settings


class Embedder(Protocol):
    """What the server needs; making one is cheap, the weights or the connection come with the first `embed`."""

    @property
    def provider(self) -> str:
        """`openai`, `local` or `hashed`."""

    @property
    def model(self) -> str:
        """The name that is recorded with each index: vectors of two models cannot be compared."""

    @property
    def dimensions(self) -> int | None:
        """How many numbers the model gives; None until an unknown model has answered once."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Give one vector per text, in order, `dimensions` long.

        Raises ConfigurationError (key, model) or UnreachableError (service down, too slow).
        """

    async def close(self) -> None:
        """Release connections."""


def choose(settings: Settings) -> Embedder:
    """Make the embedder that the settings ask for; `auto` means OpenAI when there is a key, else local.

    Raises ConfigurationError when OpenAI was asked for without a key.
    """
    provider = settings.embedding_provider
    if provider == "auto":
        provider = "openai" if settings.openai_api_key else "local"
    if provider == "openai":
        from memory_mcp.embeddings.openai import OpenAIEmbedder

        return OpenAIEmbedder.from_settings(settings)
    if provider == "hashed":
        from memory_mcp.embeddings.hashed import HashedEmbedder

        return HashedEmbedder()
    from memory_mcp.embeddings.local import LocalEmbedder

    return LocalEmbedder()
