"""Rendering of templates/; a name that a template uses and nobody gave is an error."""

from __future__ import annotations

import json
import re
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from memory_provision.wheel import ROOT

TEMPLATES = ROOT / "templates"


def powershell(text: str) -> str:
    """A PowerShell string in single quotes: nothing in it is expanded. Typographic quotes are quotes there, too
    (about_Quoting_Rules).
    """
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"


def render(name: str, **values: Any) -> str:
    """The text of one template."""
    environment = Environment(  # noqa: S701 -- no HTML anywhere
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    environment.filters["ps"] = powershell
    return environment.get_template(name).render(**values)
