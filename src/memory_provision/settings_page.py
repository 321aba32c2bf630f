"""docs/settings.md from settings.py: `./run python -m memory_provision.settings_page > docs/settings.md`."""

from __future__ import annotations

import sys
from dataclasses import fields

from memory_provision.settings import CHOICES, Settings

HEAD = """\
# Settings

Made from `src/memory_provision/settings.py`. Give one for a run with `--data name=value`, for good in
`inventories/group_data/all.py`, or per machine in the inventory. Unknown names are errors.

| setting | default | meaning |
|---|---|---|
"""


def page() -> str:
    """The whole page, as Markdown."""
    rows = []
    for field in fields(Settings):
        default = "–" if field.default is None else f"`{field.default}`"
        choices = f" One of: {', '.join(CHOICES[field.name])}." if field.name in CHOICES else ""
        rows.append(f"| `{field.name}` | {default} | {field.metadata['meaning']}{choices} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
