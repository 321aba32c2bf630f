"""What the `memory-mcp` command runs, and `python -m memory_mcp`."""

from __future__ import annotations

import gc


def main() -> None:
    """Runs the command; the garbage collector stays out of the way of starting and ending."""
    # An import makes objects that stay. With the default threshold of 700 the collector looks through them a
    # hundred times while psycopg is imported, and once more at the end: a quarter of the time of `db status`.
    gc.set_threshold(50_000)
    from memory_mcp.cli import main as command

    try:
        command()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
