"""Which vector index fits: the decision alone."""

from __future__ import annotations

import pytest

from memory_mcp.db.tune import EXACT, GROWN, HNSW, Measured, decide
from memory_mcp.errors import MemoryMcpError

IVFFLAT = {EXACT: "… USING ivfflat (embedding vector_cosine_ops) WITH (lists='1')"}
HALF = {HNSW: "… USING hnsw (((embedding)::halfvec(1536)) halfvec_cosine_ops)"}


def found(rows, indexes=IVFFLAT, dimensions=1536, vector=(0, 8, 2)):
    return Measured(rows, dimensions, vector, dict(indexes))


def test_a_small_table_keeps_its_exact_index():
    advice = decide(found(GROWN - 1))
    assert (advice.build, advice.drop) == (None, ())


def test_a_small_table_without_an_index_gets_the_exact_one_back():
    assert decide(found(5, {})).name == EXACT


def test_a_grown_table_gets_hnsw_over_half_precision():
    advice = decide(found(GROWN))
    assert advice.build is not None and "halfvec(1536)" in advice.build
    assert advice.drop == (EXACT,)


def test_full_precision_on_request_and_for_old_pgvector():
    for advice in (decide(found(GROWN), "full"), decide(found(GROWN, vector=(0, 5, 1)))):
        assert advice.build is not None and "(embedding vector_cosine_ops)" in advice.build


def test_a_tuned_table_is_left_alone_and_can_change_its_precision():
    assert decide(found(GROWN, HALF)).build is None
    advice = decide(found(GROWN, HALF), "full")
    assert (advice.name, advice.drop) == (f"{HNSW}_full", (HNSW,))


def test_what_an_interrupted_run_did_not_drop_is_dropped():
    assert decide(found(GROWN, {**HALF, **IVFFLAT})).drop == (EXACT,)


def test_3072_dimensions_need_half_precision_and_4001_cannot_be_indexed():
    advice = decide(found(GROWN, {}, 3072), "full")
    assert advice.build is not None and "halfvec(3072)" in advice.build
    with pytest.raises(MemoryMcpError, match="4001 dimensions"):
        decide(found(GROWN, {}, 4001))
    with pytest.raises(MemoryMcpError):
        decide(found(GROWN, {}, 3072, (0, 5, 1)))
