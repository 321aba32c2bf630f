"""What the bed needs from the box. `python3 tests/hosts/bed/needs.py` prints the Debian packages, one a line.

Plain standard library, without imports of this project: a bare Python can run it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

# Debian package: a program of it that has to be there
PACKAGES = {
    "debian-archive-keyring": "",
    "gnupg": "gpg",
    "iproute2": "tc",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "nftables": "nft",
    "openssh-client": "ssh",
    "openssl": "openssl",
    "systemd-container": "systemd-nspawn",
}
# root's programs are there although a user's PATH may not name their folder
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def lacking() -> str | None:
    """Why the bed cannot run here, with what would mend it; None when it can."""
    if os.uname().sysname != "Linux":
        return "the test bed makes its machines with systemd-nspawn, which needs Linux"
    if os.geteuid() != 0:
        return "the test bed makes network and mount namespaces: run the tests as root"
    absent = [name for name, program in PACKAGES.items() if program and not shutil.which(program, path=SEARCH)]
    if absent:
        return f"missing programs: apt-get install -y --no-install-recommends {' '.join(absent)}"
    groups = [
        Path("/sys/fs/cgroup", d) for d in ("unified", "") if Path("/sys/fs/cgroup", d, "cgroup.procs").exists()
    ]
    if not groups or not os.access(groups[0], os.W_OK):
        return (
            "no cgroup v2 hierarchy that can be written under /sys/fs/cgroup (a container without privileges?)"
        )
    mount = ("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        return "root may not mount file systems here (a container without privileges?)"
    return None


if __name__ == "__main__":
    print("\n".join(PACKAGES))  # noqa: T201 - what it is for
