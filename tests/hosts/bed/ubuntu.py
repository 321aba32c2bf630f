"""Ubuntu by name: a Debian machine whose os-release says so, which is all that the toolkit asks."""

from __future__ import annotations


def named(release: str, codename: str) -> dict[str, str]:
    """Files for `Make.files`: Ubuntu `release` (24.04), whose suites are called `codename` (noble)."""
    text = (
        f'PRETTY_NAME="Ubuntu {release} LTS"\nNAME="Ubuntu"\nVERSION_ID="{release}"\n'
        f"VERSION_CODENAME={codename}\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME={codename}\n"
    )
    return {"/etc/os-release": text, "/usr/lib/os-release": text}
