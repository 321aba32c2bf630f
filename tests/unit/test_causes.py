# ruff: noqa: E501 -- what programs print is not ours to wrap
from __future__ import annotations

import pytest

from memory_provision.causes import explain

SAID = {  # what apt and pip really print
    "E: Failed to fetch http://m/x.deb  503  Service Unavailable [IP: 10.0.0.1 80]": "mirror answers with an error",
    "Err:1 http://m stable InRelease Temporary failure resolving 'm'": "cannot resolve names",
    "W: GPG error: http://m x InRelease: The following signatures couldn't be verified: NO_PUBKEY 7FCC": "signed by",
    "E: Release file for http://m/InRelease is not valid yet (invalid for another 2h)": "clock",
    "E: Failed to fetch http://m/x.deb  Hash Sum mismatch": "not what the signed index says",
    "E: You don't have enough free space in /var/cache/apt/archives/.": "disk is full",
    "dpkg: error: cannot write: No space left on device": "disk is full",
    "  installing package postgresql15-server-15.20 needs 19MB more space on the / filesystem": "disk is full",
    "  At least 19MB more space needed on the / filesystem.": "disk is full",
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 71 (apt-get)": "package manager",
    "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'": "cut off",
    "Could not connect to m:443 (10.0.0.1). - connect (111: Connection refused)": "cannot be reached",
    "Error: GPG check FAILED": "signed by another key",
    "repomd.xml GPG signature verification error: Bad GPG signature": "signed by another key",
    "  - Curl error (6): Couldn't resolve host name for https://m/repodata/repomd.xml": "cannot resolve names",
    "  - Curl error (28): Timeout was reached for https://m/repodata/repomd.xml": "cannot be reached",
    "  - Status code: 503 for https://m/repodata/repomd.xml (IP: 10.0.0.1)": "mirror answers with an error",
    "Error: Unable to find a match: postgresql15-server": "no repository of this machine",
    'type=AVC msg=audit(1): avc:  denied  { name_bind } for  pid=7 comm="postgres"': "SELinux denied it",
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))": "trusted",
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE": "signed index says",
    "ERROR: Could not find a version that satisfies the requirement mcp==2.3.0": "lacks a pinned version",
}


@pytest.mark.parametrize(("said", "cause"), SAID.items())
def test_what_a_package_manager_says_gets_its_cause_and_a_fix(said: str, cause: str):
    found = explain(said)
    assert found is not None
    assert cause in found.why
    assert found.fix


def test_what_is_not_known_is_not_guessed():
    assert explain("everything is fine") is None
