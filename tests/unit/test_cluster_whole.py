"""An initdb that was cut off is told from a cluster, and no cluster is ever taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_provision.remote.cluster import _whole


@pytest.mark.parametrize(
    ("there", "whole"),
    [
        ((), False),
        (("base/1",), False),
        (("base/1", "global/pg_control"), False),
        (("base/1", "global/pg_control", "base/5"), True),
        (("base/1", "global/pg_control", "postmaster.opts"), True),  # somebody dropped database postgres
    ],
)
def test_a_cluster_is_whole_when_initdb_ended_or_a_server_has_run(tmp_path: Path, there: tuple, whole: bool):
    for name in there:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert _whole(str(tmp_path)) is whole
