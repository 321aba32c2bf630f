"""Which settings a search uses for which vector index."""

from __future__ import annotations

import pytest

from memory_mcp.store.search import Plan, plan

RELAXED = "relaxed_order"


@pytest.mark.parametrize(
    ("method", "operators", "options", "extension", "expected"),
    [
        (
            *("ivfflat", "vector_cosine_ops", "lists=1", "0.8.0"),
            Plan((("ivfflat.probes", "1"), ("ivfflat.iterative_scan", RELAXED))),
        ),
        (
            *("ivfflat", "vector_cosine_ops", "lists=100", "0.8.1"),
            Plan((("ivfflat.probes", "10"), ("ivfflat.iterative_scan", RELAXED))),
        ),
        (*("ivfflat", "vector_cosine_ops", "", "0.5.1"), Plan((("ivfflat.probes", "10"),))),
        (
            *("hnsw", "vector_cosine_ops", "m=16,ef_construction=64", "0.7.4"),
            Plan((("hnsw.ef_search", "100"),)),
        ),
        (
            *("hnsw", "halfvec_cosine_ops", "", "1.0"),
            Plan((("hnsw.ef_search", "100"), ("hnsw.iterative_scan", RELAXED)), halfvec=True),
        ),
    ],
)
def test_settings_follow_the_index_and_the_version_of_pgvector(method, operators, options, extension, expected):
    assert plan(method, operators, options, extension) == expected
