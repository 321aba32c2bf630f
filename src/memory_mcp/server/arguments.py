"""What no argument of any tool may hold, because PostgreSQL stores it neither as text nor as JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from memory_mcp.errors import ConfigurationError

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def check(name: str, value: Any) -> None:
    """Raise ConfigurationError for a zero byte, half a surrogate pair or NaN, at any depth."""
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ConfigurationError(
                f"{name} holds a character that cannot be stored",
                "PostgreSQL knows neither zero bytes nor halves of surrogate pairs",
                "remove it",
            )
    elif isinstance(value, float) and not math.isfinite(value):
        raise ConfigurationError(f"{name} holds {value}", "JSON knows no such number", "give a number, or null")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            check(name, key)
            check(name, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            check(name, inner)
