"""What a host program reported, read from its lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from memory_provision.causes import explain


@dataclass
class Report:
    """Changes (needed or made), warnings, facts and, when it failed, the trouble."""

    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    trouble: tuple[str, str, str] | None = None

    def trouble_lines(self) -> list[str]:
        """What was seen, why, how to mend it; the cause is looked up when the host knew none."""
        if self.trouble is None:
            return []
        seen, why, fix = self.trouble
        known = explain(why) if not fix else None
        lines = [seen]
        if why:
            lines.append(f"said: {why}" if known else f"why: {why}")
        if known:
            lines += [f"why: {known.why}", f"fix: {known.fix}"]
        elif fix:
            lines.append(f"fix: {fix}")
        return lines


def parse(lines: Iterable[str]) -> Report:
    """Read KIND<TAB>JSON lines; the rest is chatter, and tells what happened when the last line is missing."""
    report, chatter, whole = Report(), [], False
    for line in lines:
        kind, tab, text = line.partition("\t")
        if not tab or kind not in ("change", "warning", "facts", "trouble"):
            chatter.append(line)
            continue
        whole = whole or kind in ("facts", "trouble")
        value = json.loads(text)
        if kind == "change":
            report.changes.append(str(value))
        elif kind == "warning":
            report.warnings.append(str(value))
        elif kind == "facts":
            report.facts.update(value)
        else:
            seen, why, fix = (str(part) for part in value)
            report.trouble = (seen, why, fix)
    if not whole:
        report.trouble = ("a program on the host ended early", "; ".join(chatter[-3:]) or "it said nothing", "")
    return report
