"""Which line of pg_hba.conf decides: the first that matches (PostgreSQL manual, 21.1)."""

from __future__ import annotations

import ipaddress
from typing import Any

RULES = "SELECT coalesce(json_agg(r ORDER BY line_number), '[]') FROM pg_hba_file_rules r"


def decides(rules: list[dict[str, Any]], database: str, role: str, address: str) -> str | None:
    """The method of the first rule of pg_hba_file_rules for this connection without TLS; None without one."""
    for rule in rules:
        if rule.get("error") or rule["type"] not in ("host", "hostnossl"):
            continue
        if not _named(rule["database"], database, ("all", "sameuser" if database == role else "all")):
            continue
        if _named(rule["user_name"], role, ("all",)) and _covers(rule["address"], rule["netmask"], address):
            return str(rule["auth_method"])
    return None


def _named(names: list[str], name: str, keywords: tuple[str, ...]) -> bool:
    return any(n == name or n in keywords for n in names)


def _covers(network: str | None, mask: str | None, address: str) -> bool:
    if network in ("all", "samehost", "samenet", "localhost"):
        return True
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(f"{network}/{_prefix(mask)}", strict=False)
    except (ValueError, TypeError):
        return False


def _prefix(mask: str | None) -> int:
    return bin(int(ipaddress.ip_address(mask or ""))).count("1")
