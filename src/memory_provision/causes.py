"""From what a package manager, pip or a connection said to its cause and the line that mends it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple


class Cause(NamedTuple):
    """Why it happened, and one line to do about it."""

    why: str
    fix: str


_TABLE: tuple[tuple[str, Cause], ...] = (
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verif|certificate is NOT trusted",
        Cause(
            "the server's certificate is not trusted on this machine (often a proxy that has a CA of its own)",
            "name that CA: --data ca_files=FILE",
        ),
    ),
    (
        r"not valid yet|is not yet valid|not live until",
        Cause(
            "the machine's clock is behind, or the repository's is ahead",
            "set the clock (timedatectl), run again",
        ),
    ),
    (
        r"Release file .* is expired|Valid-Until",
        Cause(
            "the repository's index has expired: a dead mirror, or the clock is ahead",
            "set the clock or the mirror",
        ),
    ),
    (
        r"NO_PUBKEY|EXPKEYSIG|KEYEXPIRED|BADSIG|not signed|invalid signature|couldn't be verified"
        r"|signatures were invalid|GPG check FAILED|Bad GPG signature|GPG signature verification error"
        r"|Public key for .* is not installed|Signing key not found",
        Cause(
            "the repository is signed by another key than the one this toolkit trusts, or was tampered with",
            "for a mirror with a key of its own: --data pgdg_apt_key=FILE (dnf: pgdg_yum_key); verification is "
            "never switched off",
        ),
    ),
    (
        r"Hash Sum mismatch|unexpected size|Hashes of expected file|DO NOT MATCH THE HASHES|pinned: sha256"
        r"|checksum doesn't match|Checksum error|checksum of .* does not match|failed digest verification",
        Cause(
            "a download is not what the signed index says: damaged, or a mirror in the middle of an update",
            "run again in a few minutes; when it stays, name another mirror",
        ),
    ),
    (
        r"No space left on device|not enough free (disk )?space|You don't have enough free space"
        r"|more space (needed )?on the .* filesystem",
        Cause("the disk is full", "free some space (df -h; du -xhd1 / | sort -h | tail), then run again"),
    ),
    (
        r"Could not get lock|lock-frontend|is locked by another process",
        Cause(
            "another package manager is running", "wait for it (ps aux | grep -E 'apt|dpkg'), then run again"
        ),
    ),
    (
        r"dpkg was interrupted|dpkg --configure -a",
        Cause("an earlier installation was cut off", "run again; by hand: dpkg --configure -a"),
    ),
    (
        r"Could(n't| not) resolve|name resolution|Name or service not known|getaddrinfo"
        r"|Temporary failure resolving",
        Cause("the machine cannot resolve names (DNS)", "mend /etc/resolv.conf or the network, then run again"),
    ),
    (
        r"\b50[0-9]\b|Service Unavailable|Bad Gateway|Gateway Time-?out",
        Cause("the mirror answers with an error", "run again later, or name another mirror"),
    ),
    (
        r"\b404\b|Not Found|does not have a Release file",
        Cause("the mirror does not have this file: an incomplete or outdated mirror", "name a complete mirror"),
    ),
    (
        r"Connection timed out|timed out|Timeout was reached|ConnectTimeout|Connection failed"
        r"|Could(n't| not) connect"
        r"|Network is unreachable|NewConnectionError|Connection refused|Connection reset",
        Cause(
            "the server cannot be reached from this machine", "check its network and proxy, or name a mirror"
        ),
    ),
    (
        r"No match for argument|Unable to find a match|No package .* available|Unable to locate package"
        r"|it is in none of them",
        Cause(
            "no repository of this machine has the package: one is disabled, or the mirror is incomplete",
            "enable the distribution's own repositories (dnf repolist; apt-cache policy), then run again",
        ),
    ),
    (
        r"AVC .*denied|SELinux is preventing|avc: +denied",
        Cause(
            "SELinux denied it",
            "ausearch -m avc -ts recent shows what; restorecon -RF /opt/memory-mcp, then run again",
        ),
    ),
    (
        r"No matching distribution|Could not find a version",
        Cause("the package index lacks a pinned version", "use a complete index: --data python_index_url=URL"),
    ),
    (
        r"unmet dependencies|held broken packages|Cache-only enabled but no cache",
        Cause(
            "what is installed here and what there is to install do not fit together, with an offline bundle "
            "often because the machine has newer packages",
            "make a new bundle (deploys/bundle.py), or see which: apt-get check, dnf check",
        ),
    ),
    (
        r"Read-only file system",
        Cause(
            "a file system is mounted read-only, often after a disk error",
            "dmesg | tail; mount -o remount,rw /",
        ),
    ),
)


def explain(said: str) -> Cause | None:
    """The cause of a message, None when it is not one of the known."""
    for pattern, cause in _TABLE:
        if re.search(pattern, said, re.IGNORECASE):
            return cause
    return None
