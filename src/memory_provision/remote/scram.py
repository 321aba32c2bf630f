"""SCRAM-SHA-256 verifiers as PostgreSQL stores them (RFC 5803; src/common/scram-common.c). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import stringprep
import unicodedata

ITERATIONS = 4096
_FORM = re.compile(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)")


def verifier(password: str, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """What goes to `ALTER ROLE … PASSWORD`: the server never sees the password itself."""
    salt = secrets.token_bytes(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(b).decode() for b in (salt, stored, server))
    return f"SCRAM-SHA-256${iterations}:{salt64}${stored64}:{server64}"


def matches(password: str, stored: str | None) -> bool:
    """Is `stored` (pg_authid.rolpassword) a verifier of this password? False for md5 and for none."""
    found = _FORM.fullmatch(stored or "")
    if not found:
        return False
    again = verifier(password, base64.b64decode(found.group(2)), int(found.group(1)))
    return hmac.compare_digest(again, found.group(0))


def saslprep(password: str) -> str:
    """RFC 4013 as PostgreSQL applies it: what cannot be prepared is used as it is."""
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(c) else c for c in password if not stringprep.in_table_b1(c)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    refused = (
        stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3, stringprep.in_table_c4,
        stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8,
        stringprep.in_table_c9, stringprep.in_table_a1,
    )  # fmt: skip
    if not prepared or any(test(c) for c in prepared for test in refused):
        return password
    right_to_left = [stringprep.in_table_d1(c) for c in prepared]
    mixed = any(right_to_left) and (
        any(stringprep.in_table_d2(c) for c in prepared) or not (right_to_left[0] and right_to_left[-1])
    )
    return password if mixed else prepared
