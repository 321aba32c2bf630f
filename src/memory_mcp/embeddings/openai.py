"""Embeddings from OpenAI, or from any service that speaks its `/embeddings` (Ollama, vLLM, LiteLLM, …)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from memory_mcp.config import Settings
from memory_mcp.errors import ConfigurationError, MemoryMcpError, UnreachableError

if TYPE_CHECKING:
    import httpx2

BASE_URL: Final = "https://api.openai.com/v1"
# https://platform.openai.com/docs/guides/embeddings
KNOWN_DIMENSIONS: Final = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
# The service takes 2,048 texts and 300,000 tokens in one request; a token is at least one character.
BATCH_TEXTS: Final = 256
BATCH_CHARACTERS: Final = 250_000
ATTEMPTS: Final = 4
TIMEOUT_SECONDS: Final = 30.0
LONGEST_WAIT_SECONDS: Final = 20.0


class OpenAIEmbedder:
    """One connection pool, opened at first use; the key is sent in a header and appears nowhere else."""

    provider = "openai"

    def __init__(
        self,
        key: str,
        model: str,
        base_url: str = BASE_URL,
        dimensions: int | None = None,
        first_wait_seconds: float = 0.5,
    ) -> None:
        """`dimensions` asks for shortened vectors where the model can do that (text-embedding-3-*)."""
        self.model = model
        self._key, self._base_url, self._asked = key, base_url.rstrip("/"), dimensions
        known = KNOWN_DIMENSIONS.get(model)
        # many services ignore the wish for another length: of an unknown model the first answer tells
        self._native = (dimensions or known) if known else None
        self._first_wait = first_wait_seconds
        self._client: httpx2.AsyncClient | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> OpenAIEmbedder:
        """Raise ConfigurationError when there is neither a key nor another service that may not want one."""
        if not settings.openai_api_key and not settings.openai_base_url:
            raise ConfigurationError(
                "MEMORY_EMBEDDING_PROVIDER is openai, but OPENAI_API_KEY is empty",
                "OpenAI does not answer without a key",
                "set OPENAI_API_KEY, or MEMORY_EMBEDDING_PROVIDER=local (works without a key)",
            )
        model = settings.embedding_model
        asked = settings.embedding_dimensions
        return cls(
            settings.openai_api_key or "",
            model,
            settings.openai_base_url or BASE_URL,
            asked if asked != KNOWN_DIMENSIONS.get(model) else None,
        )

    @property
    def dimensions(self) -> int | None:
        """See Embedder.dimensions."""
        return self._native

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """See Embedder.embed."""
        vectors: list[list[float]] = []
        for batch in batches(texts):
            vectors += await self._embed_batch(batch)
        return vectors

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _embed_batch(self, batch: list[str]) -> list[list[float]]:
        # the service refuses empty texts
        body: dict[str, Any] = {"model": self.model, "input": [text or " " for text in batch]}
        if self._asked:
            body["dimensions"] = self._asked
        answer = await self._post(body)
        try:
            rows = sorted(answer["data"], key=lambda row: int(row["index"]))
            vectors = [[float(x) for x in row["embedding"]] for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise self._strange("it is not in OpenAI's format") from error
        if len(vectors) != len(batch):
            raise self._strange(f"{len(batch)} texts were sent, {len(vectors)} vectors came back")
        self._native = self._native or len(vectors[0])
        if any(len(vector) != self._native for vector in vectors):
            raise self._strange(f"{self._native} dimensions were expected, {len(vectors[0])} came back")
        return vectors

    async def _post(self, body: dict[str, Any]) -> Any:
        """Send one request; wait and repeat when the service is busy or stumbles, up to ATTEMPTS times."""
        import httpx2

        if self._client is None:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._client = httpx2.AsyncClient(headers=headers, timeout=TIMEOUT_SECONDS)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._client.post(f"{self._base_url}/embeddings", json=body)
            except httpx2.HTTPError as error:
                failure: MemoryMcpError = self._unreachable(type(error).__name__)
                wait = None
            else:
                if answer.is_success:
                    return self._json(answer)
                failure = self._refused(answer)
                wait = _retry_after(answer)
                if not isinstance(failure, UnreachableError):
                    raise failure
            if attempt < ATTEMPTS:
                await asyncio.sleep(wait if wait is not None else self._back_off(attempt))
        raise failure

    def _back_off(self, attempt: int) -> float:
        """Double the wait each time, with some chance in it so that many clients do not come back together."""
        longest = min(LONGEST_WAIT_SECONDS, self._first_wait * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret

    def _json(self, answer: httpx2.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise self._strange("it is not JSON") from error

    def _refused(self, answer: httpx2.Response) -> MemoryMcpError:
        """Explain an HTTP error; only UnreachableError is worth another attempt."""
        status = answer.status_code
        seen = f"The embedding service at {self._base_url} answered HTTP {status}"
        said = self._said(answer)
        if status in {401, 403}:
            return ConfigurationError(
                seen,
                "it does not accept the key",
                "set a valid OPENAI_API_KEY, or remove it to use the local model",
            )
        if "insufficient_quota" in said:
            return ConfigurationError(
                seen, said, "add credit to the account, or remove OPENAI_API_KEY to go local"
            )
        if status == 429 or status >= 500:
            return UnreachableError(seen, said or "it is busy", "try again in a minute")
        return ConfigurationError(
            seen, said, f"check MEMORY_EMBEDDING_MODEL ({self.model}) and OPENAI_BASE_URL"
        )

    def _said(self, answer: httpx2.Response) -> str:
        """Take the service's own words, short, and without the key in case it repeats it."""
        try:
            error = answer.json()["error"]
            words = (
                f"{error.get('code') or ''} {error.get('message') or ''}"
                if isinstance(error, dict)
                else str(error)
            )
        except (ValueError, KeyError, TypeError):
            words = answer.text
        words = " ".join(words.split())[:300]
        return words.replace(self._key, "***") if self._key else words

    def _unreachable(self, why: str) -> UnreachableError:
        return UnreachableError(
            f"The embedding service at {self._base_url} does not answer",
            why,
            "check the network and OPENAI_BASE_URL, or remove OPENAI_API_KEY to use the local model",
        )

    def _strange(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"The answer of the embedding service at {self._base_url} cannot be used",
            why,
            "check OPENAI_BASE_URL and MEMORY_EMBEDDING_MODEL",
        )


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Cut a list into requests that the service takes; a single text that is too long still goes alone."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == BATCH_TEXTS or size + len(text) > BATCH_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _retry_after(answer: httpx2.Response) -> float | None:
    """Read the seconds that the service asks for; a date or nonsense counts as nothing said."""
    said = answer.headers.get("retry-after", "")
    try:
        seconds = float(said)
    except ValueError:
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)
