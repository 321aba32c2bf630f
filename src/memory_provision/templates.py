"""Rendering of templates/; a name that a template uses and nobody gave is an error."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from memory_provision.wheel import ROOT

TEMPLATES = ROOT / "templates"


def render(name: str, **values: Any) -> str:
    """The text of one template."""
    environment = Environment(  # noqa: S701 -- no HTML anywhere
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.get_template(name).render(**values)
