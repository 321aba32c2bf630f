"""The local model where no wheel of it fits: its entry of the lock file, freed of the condition."""

from __future__ import annotations

import pytest

from memory_provision.remote.model import requirement
from memory_provision.wheel import requirements

LOCK = """\
tokenizers==1 \\
    --hash=sha256:aa
wordllama==2.0 ; python_version < '3.14' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
zope==1 \\
    --hash=sha256:dd
"""


def test_the_entry_keeps_its_version_and_hashes_and_nothing_else():
    assert requirement(LOCK).split() == ["wordllama==2.0\\", "--hash=sha256:bb", "\\", "--hash=sha256:cc"]


def test_the_real_lock_file_has_a_condition_that_is_taken_off():
    assert "wordllama==0.4.0.post1 ; " in requirements()
    entry = requirement(requirements())
    assert ";" not in entry
    assert entry.startswith("wordllama==0.4.0.post1\\\n")
    assert entry.count("--hash=sha256:") > 10


def test_a_lock_file_without_it_is_an_error():
    with pytest.raises(ValueError, match="wordllama"):
        requirement(LOCK.replace("wordllama", "another"))
