"""The controller's ssh key and the lab's certificate authority, made once per cache."""

from __future__ import annotations

from pathlib import Path

from . import cache
from .command import run

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
# Names that the lab's package server answers to; only machines that trust the lab's CA believe it.
PGDG_NAMES = ("apt.postgresql.org", "www.postgresql.org", "download.postgresql.org", "yum.postgresql.org")
GITHUB_NAMES = ("github.com", "codeload.github.com")
LAB_NAME = "mirror.lab"


def ssh_key() -> Path:
    """Private key that every machine's root and ops accept; the public half lies beside it."""
    return cache.artifact("ssh", _make_ssh_key, "ed25519") / "id"


def certificate() -> Path:
    """Folder with ca.crt (what machines trust) and tls.pem (key and certificate of the package server)."""
    return cache.artifact("ca", _make_ca, *PGDG_NAMES, *GITHUB_NAMES, LAB_NAME)


def box_certificates() -> list[Path]:
    """CAs that this box was given; behind an intercepting proxy its machines need them as well."""
    return sorted(Path("/usr/local/share/ca-certificates").glob("*.crt"))


def _make_ssh_key(folder: Path) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "memory-mcp-tests", "-f", folder / "id")


def _make_ca(folder: Path) -> None:
    folder.chmod(0o700)
    at = {
        name: folder / name for name in ("ca.key", "ca.crt", "tls.key", "tls.csr", "tls.crt", "san", "tls.pem")
    }
    names = ",".join(f"DNS:{name}" for name in (*PGDG_NAMES, *GITHUB_NAMES, LAB_NAME))
    at["san"].write_text(f"subjectAltName={names}\n")
    issue = ("openssl", "req", *EC, "-subj")
    run(*issue, "/CN=Test bed CA", "-x509", "-days", "3650", "-keyout", at["ca.key"], "-out", at["ca.crt"])
    run(*issue, f"/CN={LAB_NAME}", "-keyout", at["tls.key"], "-out", at["tls.csr"])
    run(
        *("openssl", "x509", "-req", "-in", at["tls.csr"], "-days", "3650", "-extfile", at["san"]),
        *("-CA", at["ca.crt"], "-CAkey", at["ca.key"], "-CAcreateserial", "-out", at["tls.crt"]),
    )
    at["tls.pem"].write_text(at["tls.key"].read_text() + at["tls.crt"].read_text())
    at["tls.pem"].chmod(0o600)
