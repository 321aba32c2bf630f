"""Certificates of more CAs that a machine has to trust: setting ca_files."""

from __future__ import annotations

import re
import ssl
from functools import cache
from pathlib import Path

from memory_mcp.errors import ConfigurationError

_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----\n.*?\n-----END \1-----", re.DOTALL)
_WHAT = "ca_files takes certificates in PEM form: blocks of BEGIN CERTIFICATE"


@cache
def ca_certificates(ca_files: str | None) -> str:
    """The certificates of these files (separated by commas), each once, in PEM; "" for none.

    Raises ConfigurationError for a file that cannot be read or that holds something else.
    """
    found: dict[str, None] = {}
    for name in filter(None, (part.strip() for part in (ca_files or "").split(","))):
        found.update(dict.fromkeys(_read(name)))
    return "\n".join(found)


def check_trusting(ca_files: str | None, root: bool, ca_folder: str) -> None:
    """Can this machine be made to trust them? Raises ConfigurationError where only somebody else can do it."""
    if ca_files and not (root and ca_folder.startswith("/")):
        raise ConfigurationError(
            "ca_files cannot be added to what this machine trusts",
            "that takes root, on Linux" if not ca_folder else f"their place here is {ca_folder}",
            "have them added by its administrator, leave ca_files unset and run again",
        )


def _read(name: str) -> list[str]:
    try:
        text = Path(name).expanduser().read_text(encoding="ascii").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(
            f"ca_files: {name} cannot be read: {why}", _WHAT, f"openssl x509 -in {name} -out NEW.pem makes one"
        ) from None
    kinds = {block.group(1) for block in _BLOCK.finditer(text)}
    if kinds != {"CERTIFICATE"}:
        # a private key would end up in a folder that everybody may read
        seen = ", ".join(sorted(kinds)) or "no PEM block"
        raise ConfigurationError(f"ca_files: {name} holds {seen}", _WHAT, "name a file of certificates only")
    blocks = [block.group(0) for block in _BLOCK.finditer(text)]
    for block in blocks:
        try:
            ssl.PEM_cert_to_DER_cert(block)
        except ValueError as error:
            raise ConfigurationError(f"ca_files: {name} is damaged", str(error), "copy it again") from None
    return blocks
