"""The keys that sign the lab's repositories, made once per cache, and signing with them."""

from __future__ import annotations

from pathlib import Path

from . import cache
from .command import contained, run

APT, RPM = "apt@lab", "rpm@lab"


def keyring() -> Path:
    """GNUPGHOME with both private keys; the armored public halves are apt@lab.asc and rpm@lab.asc in it."""
    return cache.artifact("keys", _make, APT, RPM, "rsa3072")


def public(owner: str) -> Path:
    """The armored public key of `owner`."""
    return keyring() / f"{owner}.asc"


def clear_sign(owner: str, source: Path, target: Path) -> None:
    """Write `source` with a signature around it (apt's InRelease)."""
    _gpg(keyring(), "--local-user", owner, "--clearsign", "-o", str(target), str(source))


def detached_sign(owner: str, source: Path, target: Path) -> None:
    """Write the armored signature of `source` (Release.gpg, repomd.xml.asc)."""
    _gpg(keyring(), "--local-user", owner, "--armor", "--detach-sign", "-o", str(target), str(source))


def _make(folder: Path) -> None:
    folder.chmod(0o700)
    for owner in (APT, RPM):
        _gpg(folder, "--passphrase", "", "--quick-gen-key", f"Test bed <{owner}>", "rsa3072", "sign", "never")
        _gpg(folder, "--armor", "-o", str(folder / f"{owner}.asc"), "--export", owner)


def _gpg(home: Path, *argv: str) -> None:
    """The agent that gpg starts ends with it: it lives in the same process namespace."""
    with cache.locked("signing"):  # two agents with one home would break each other's connections
        run(
            *contained(
                "gpg", "--homedir", home, "--quiet", "--batch", "--yes", "--no-permission-warning", *argv
            )
        )
