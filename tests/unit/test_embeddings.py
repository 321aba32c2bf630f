"""Embedders: the local one against its own library, the OpenAI one against a real HTTP server."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.config import load
from memory_mcp.embeddings import choose
from memory_mcp.embeddings.hashed import HashedEmbedder
from memory_mcp.embeddings.local import LocalEmbedder
from memory_mcp.embeddings.openai import BATCH_CHARACTERS, BATCH_TEXTS, OpenAIEmbedder, batches
from memory_mcp.embeddings.vectors import fit, literal
from memory_mcp.errors import ConfigurationError, UnreachableError

KEY = "sk-test-0123456789abcdef"


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


class Service:
    """An `/embeddings` endpoint that gives the prepared answers first, then good ones."""

    def __init__(self, *first, width=8):
        self.first, self.width, self.requests = list(first), width, []

    def answer(self, body):
        self.requests.append(body)
        if self.first:
            return self.first.pop(0)
        width = body.get("dimensions", self.width)
        rows = [{"index": i, "embedding": [float(len(t))] * width} for i, t in enumerate(body["input"])]
        return 200, {"data": rows[::-1]}, {}


@contextmanager
def running(service):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            service.authorization = self.headers.get("authorization")
            status, answer, headers = service.answer(body)
            content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(service, texts, model="text-embedding-test", **options):
    async def main(url):
        embedder = OpenAIEmbedder(KEY, model, url, first_wait_seconds=0.01, **options)
        try:
            return await embedder.embed(texts), embedder
        finally:
            await embedder.close()

    with running(service) as url:
        return asyncio.run(main(url))


def test_answers_are_put_back_into_the_order_of_the_texts():
    service = Service()
    vectors, embedder = ask(service, ["a", "bbb", ""])
    assert [v[0] for v in vectors] == [1.0, 3.0, 1.0]
    assert service.authorization == f"Bearer {KEY}"
    assert embedder.dimensions == 8


def test_a_long_list_goes_in_several_requests():
    service = Service()
    vectors, _ = ask(service, ["x"] * (BATCH_TEXTS + 1))
    assert len(vectors) == BATCH_TEXTS + 1
    assert [len(request["input"]) for request in service.requests] == [BATCH_TEXTS, 1]


def test_shorter_vectors_are_asked_for_only_when_wanted():
    service = Service()
    vectors, embedder = ask(service, ["x"], dimensions=3)
    assert len(vectors[0]) == embedder.dimensions == 3
    plain = Service()
    ask(plain, ["x"])
    assert "dimensions" not in plain.requests[0]


def test_a_service_that_ignores_the_wish_for_another_length_is_taken_as_it_is():
    rows = [{"index": 0, "embedding": [1.0] * 8}]
    vectors, embedder = ask(Service((200, {"data": rows}, {})), ["x"], dimensions=1536)
    assert len(vectors[0]) == embedder.dimensions == 8


def test_a_known_model_must_give_what_it_was_asked_for():
    rows = [{"index": 0, "embedding": [1.0] * 8}]
    with pytest.raises(ConfigurationError, match="cannot be used"):
        ask(Service((200, {"data": rows}, {})), ["x"], model="text-embedding-3-small", dimensions=512)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_service_is_asked_again(status):
    service = Service((status, {"error": {"message": "busy"}}, {"retry-after": "0"}), (status, "", {}))
    vectors, _ = ask(service, ["x"])
    assert len(vectors) == 1
    assert len(service.requests) == 3


def test_a_service_that_stays_busy_is_unreachable():
    with pytest.raises(UnreachableError, match="503"):
        ask(Service(*[(503, "", {})] * 9), ["x"])


def test_a_service_that_is_not_there_is_unreachable():
    embedder = OpenAIEmbedder(KEY, "m", "http://127.0.0.1:9/v1", first_wait_seconds=0.01)
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:9"):
        asyncio.run(embedder.embed(["x"]))


@pytest.mark.parametrize(
    ("status", "answer", "hint"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}, "OPENAI_API_KEY"),
        (404, {"error": {"message": f"no such model ({KEY})"}}, "MEMORY_EMBEDDING_MODEL"),
        (429, {"error": {"code": "insufficient_quota", "message": KEY}}, "credit"),
        (200, "<html>", "OPENAI_BASE_URL"),
        (200, {"data": []}, "OPENAI_BASE_URL"),
        (200, {"data": [{"index": 0, "embedding": "AAAA"}]}, "OPENAI_BASE_URL"),
    ],
)
def test_a_refusal_is_explained_at_once_and_never_shows_the_key(status, answer, hint):
    service = Service((status, answer, {}))
    with pytest.raises(ConfigurationError) as caught:
        ask(service, ["x"])
    assert hint in caught.value.fix
    assert KEY not in str(caught.value)
    assert len(service.requests) == 1


@given(st.lists(st.text(max_size=30).map(lambda t: t * 4000), max_size=12))
def test_batches_hold_every_text_once_and_in_order(texts):
    cut = list(batches(texts))
    assert [text for batch in cut for text in batch] == texts
    assert all(len(batch) == 1 or sum(map(len, batch)) <= BATCH_CHARACTERS for batch in cut)


def test_local_vectors_are_those_of_the_library():
    import wordllama

    texts = ["The cat sat on the mat.", "Ein längerer Satz, mit Umlauten – und 12 Zahlen", "日本語", "x"]
    library = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    ours = asyncio.run(LocalEmbedder().embed(texts))
    for text, vector in zip(texts, ours, strict=True):
        assert vector == pytest.approx(library.embed([text], norm=True)[0].tolist(), abs=1e-5)


def test_the_local_model_knows_meaning_without_shared_words():
    embedder = LocalEmbedder()
    question, near, far = asyncio.run(
        embedder.embed(
            ["what animals live at home with us", "The family has a dog and two cats", "Tax is due in May"]
        )
    )
    assert cosine(question, near) > cosine(question, far)


@pytest.mark.parametrize("embedder", [LocalEmbedder, HashedEmbedder])
def test_even_an_empty_text_has_a_direction(embedder):
    for vector in asyncio.run(embedder().embed(["", " ", "word"])):
        assert math.hypot(*vector) == pytest.approx(1.0)
        assert len(vector) == embedder.dimensions


@pytest.mark.parametrize(
    ("env", "provider"),
    [
        ({}, "local"),
        ({"OPENAI_API_KEY": KEY}, "openai"),
        ({"OPENAI_API_KEY": KEY, "MEMORY_EMBEDDING_PROVIDER": "local"}, "local"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1", "MEMORY_EMBEDDING_PROVIDER": "openai"}, "openai"),
        ({"MEMORY_EMBEDDING_PROVIDER": "hashed"}, "hashed"),
    ],
)
def test_auto_is_openai_when_there_is_a_key_else_local(tmp_path, env, provider):
    empty = tmp_path / ".env"
    empty.touch()
    assert choose(load(env, empty)).provider == provider


def test_openai_without_a_key_is_refused(tmp_path):
    empty = tmp_path / ".env"
    empty.touch()
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        choose(load({"MEMORY_EMBEDDING_PROVIDER": "openai"}, empty))


vectors = st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda v: math.hypot(*v) > 0.01)


@given(vectors, vectors)
def test_padding_leaves_the_cosine_as_it_was(a, b):
    assert cosine(fit(a, 16, "m"), fit(b, 16, "m")) == pytest.approx(cosine(a, b), abs=1e-9)


def test_a_vector_that_is_too_long_for_the_column_is_refused():
    with pytest.raises(ConfigurationError, match="3072"):
        fit([0.0] * 3072, 1536, "text-embedding-3-large")


def test_a_literal_reads_back_as_the_same_four_byte_numbers():
    assert json.loads(literal([0.1, -1.0, 1e-9, 0.0])) == pytest.approx([0.1, -1.0, 1e-9, 0.0], rel=1e-6)
