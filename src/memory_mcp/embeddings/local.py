"""The local model: wordllama's weights, which come inside its wheel. No key, no network, 0.04 ms per text.

The two files are read directly: importing `wordllama` takes twice the time (it brings requests and its training
tools) and sets up logging for the whole process. A test compares the vectors with those of its own API.
"""

from __future__ import annotations

import asyncio
import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from memory_mcp.errors import ConfigurationError

DIMENSIONS: Final = 256
WEIGHTS: Final = "weights/l2_supercat_256.safetensors"
INLINE_CHARACTERS: Final = 2_000  # takes less than changing to a thread and back
TOKENIZER: Final = "tokenizers/l2_supercat_tokenizer_config.json"


class LocalEmbedder:
    """Loaded in a thread when the first text comes, so that it never delays a client's handshake."""

    provider = "local"
    model = "wordllama-l2-supercat-256"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self._loaded: _Model | None = None
        self._loading = asyncio.Lock()

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """See Embedder.embed."""
        async with self._loading:
            if self._loaded is None:
                self._loaded = await asyncio.to_thread(_Model)
        if sum(map(len, texts)) <= INLINE_CHARACTERS:
            return self._loaded.embed(list(texts))
        return await asyncio.to_thread(self._loaded.embed, list(texts))

    async def close(self) -> None:
        """Nothing is open."""


class _Model:
    """A table of word-piece vectors; a text is the mean of its pieces, at length 1."""

    def __init__(self) -> None:
        folder = _folder()
        try:
            from safetensors import safe_open
            from tokenizers import Tokenizer

            with safe_open(folder / WEIGHTS, framework="np") as file:
                self._table: Any = file.get_tensor("embedding.weight")
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # both libraries raise their own and bare ones
            raise _broken(f"{type(error).__name__}: {error}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def embed(self, texts: list[str]) -> list[list[float]]:
        pieces = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        return [self._mean(piece.ids) for piece in pieces]

    def _mean(self, ids: list[int]) -> list[float]:
        if not ids:  # an empty text: any direction will do, but it must have one
            return [1.0] + [0.0] * (DIMENSIONS - 1)
        mean: list[float] = self._table[ids].astype("float32").mean(axis=0).tolist()
        length = math.hypot(*mean) or 1.0
        return [x / length for x in mean]


def _folder() -> Path:
    found = importlib.util.find_spec("wordllama")
    if found is None or not found.submodule_search_locations:
        raise _broken("the package wordllama is not installed")
    return Path(found.submodule_search_locations[0])


def _broken(why: str) -> ConfigurationError:
    return ConfigurationError(
        "The local embedding model cannot be loaded",
        why,
        "pip install --force-reinstall wordllama, or set OPENAI_API_KEY to use OpenAI",
    )
