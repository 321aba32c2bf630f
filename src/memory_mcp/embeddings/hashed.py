"""Hashed words: no weights, no meaning, always the same. For tests of everything but the meaning."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence

DIMENSIONS = 384


class HashedEmbedder:
    """Each word switches on one signed place of the vector; texts that share words are near each other."""

    provider = "hashed"
    model = "hashed-words"
    dimensions = DIMENSIONS

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """See Embedder.embed."""
        return [_vector(text) for text in texts]

    async def close(self) -> None:
        """Nothing is open."""


def _vector(text: str) -> list[float]:
    vector = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()) or [text]:
        digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
        place = int.from_bytes(digest[:4], "big") % DIMENSIONS
        vector[place] += 1.0 if digest[4] & 1 else -1.0
    length = math.hypot(*vector)
    if length == 0.0:  # the words cancelled each other; cosine needs a direction
        vector[0] = length = 1.0
    return [x / length for x in vector]
