"""Which line of pg_hba.conf decides: the first that matches (PostgreSQL manual, 21.1)."""

from __future__ import annotations

from typing import Any

from memory_provision.remote.hba import decides


def rule(method: str, **changes: Any) -> dict[str, Any]:
    base = {"type": "host", "database": ["all"], "user_name": ["all"], "address": "127.0.0.1"}
    return {**base, "netmask": "255.255.255.255", "auth_method": method, "error": None, **changes}


def test_debians_own_rules_let_the_role_in_with_scram():
    rules = [
        rule("peer", type="local", address=None, netmask=None),
        rule("scram-sha-256"),
        rule("scram-sha-256", address="::1", netmask="ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ]
    assert decides(rules, "memory_default", "memory_user", "127.0.0.1") == "scram-sha-256"
    assert decides(rules, "memory_default", "memory_user", "::1") == "scram-sha-256"


def test_an_earlier_rule_wins():
    rules = [rule("trust", address="127.0.0.0", netmask="255.0.0.0"), rule("scram-sha-256")]
    assert decides(rules, "d", "r", "127.0.0.1") == "trust"


def test_rules_of_others_do_not_count():
    rules = [
        rule("md5", user_name=["other"]),
        rule("reject", database=["replication"]),
        rule("cert", type="hostssl"),
        rule("ident", address="10.0.0.0", netmask="255.0.0.0"),
        rule("password", error="invalid"),
    ]
    assert decides(rules, "d", "r", "127.0.0.1") is None


def test_names_and_keywords_match():
    assert (
        decides([rule("scram-sha-256", address="samehost", netmask=None)], "d", "r", "::1") == "scram-sha-256"
    )
    assert decides([rule("md5", database=["sameuser"])], "r", "r", "127.0.0.1") == "md5"
    assert decides([rule("md5", database=["sameuser"])], "d", "r", "127.0.0.1") is None
