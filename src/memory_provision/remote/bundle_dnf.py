"""Packages of a bundle by dnf: its cache of signed lists and packages, as for a machine that has nothing."""

from __future__ import annotations

import re
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

from memory_provision.remote.base import Trouble, must, read_text, run

OURS = "memory-mcp-pgdg.repo"
PLACE = "@BUNDLE@"
"""In the files of a bundle's etc/: the folder where it is unpacked (operations/carry.py puts it there)."""


class Packages:
    """Request: repository (text of our .repo file, "" where the distribution's own packages are taken),
    key_file (its key on this machine). dnf's cache, which is what goes into the bundle, lies in `room`.
    """

    def __init__(self, request: dict[str, Any], room: Path) -> None:
        self.request, self.room = request, room
        self.repos = room / "repos"
        self.repos.mkdir()
        for path in Path("/etc/yum.repos.d").glob("*.repo"):
            if path.name != OURS:
                shutil.copy(path, self.repos)
        if request["repository"]:
            text = request["repository"].replace(PLACE, str(room))
            (self.repos / OURS).write_text(text)
            (room / "keys").mkdir()
            shutil.copy(request["key_file"], room / "keys/pgdg.asc")

    def _dnf(self, *arguments: str, scratch: bool = True) -> list[str]:
        """With an empty root folder beside, or (scratch=False) as seen from this machine."""
        r = self.room
        empty = [
            f"--installroot={r}/root",
            f"--releasever={_releasever()}",
            f"--setopt=module_platform_id={_platform()}",
        ]
        given = {"cachedir": r / "cache", "reposdir": self.repos, "varsdir": "/etc/dnf/vars", "keepcache": 1}
        more: dict[str, Any] = {"install_weak_deps": False, "retries": 3, "timeout": 30}
        if self.request["cas"]:
            more["sslcacert"] = self.request["ca_bundle"]
        options = [f"--setopt={name}={value}" for name, value in (given | more).items()]
        return ["dnf", "-q", "-y", *(empty if scratch else []), *options, *arguments]

    def refresh(self) -> None:
        """Fetch the lists; a bundle that could not be handed around is not begun."""
        for repo in self.repos.iterdir():
            public(repo.read_text(), repo.name)
        must(self._dnf("makecache"), "the package lists cannot be fetched")

    def candidate(self, name: str) -> str | None:
        """The newest version there is."""
        said = run(self._dnf("repoquery", "--latest-limit", "1", "--qf", "%{version}\n", name)).stdout.split()
        return said[-1] if said else None

    def can_compile(self) -> bool:
        """Is there a compiler?"""
        return self.candidate("gcc") is not None

    def headers(self, name: str) -> list[str]:
        """Installed like the rest."""
        return [name]

    def source_url(self, url: str, _packaged: bool) -> str | None:
        """Debian's pool is not here."""
        return None if url.startswith("pool/") else url

    def state(self, _names: list[str]) -> list[str]:
        """The editions of all lists: they go into the bundle, so a new one makes a new bundle."""
        files = sorted(self.room.glob("cache/*/repodata/repomd.xml"))
        return [f"{f.parents[1].name} {sha256(f.read_bytes()).hexdigest()}" for f in files]

    def fetch(self, names: list[str], stage: Path) -> None:
        """Lists and packages: cache/; how dnf finds them: etc/, keys/."""
        for scratch in (True, False):  # conditional dependencies only show on a machine like the real ones
            must(
                self._dnf("--downloadonly", "install", *names, scratch=scratch),
                "packages cannot be downloaded",
                timeout=3600,
            )
        for name in ("cache", "etc", "keys"):
            shutil.rmtree(stage / name, ignore_errors=True)
        for path in self.room.glob("cache/*/*"):
            if path.parent.name.count("-") and path.name in ("repodata", "packages", "pubring"):
                # gpg leaves sockets and backups in its folder
                left_out = shutil.ignore_patterns("S.*", "*~", "*.lock")
                shutil.copytree(path, stage / "cache" / path.parent.name / path.name, ignore=left_out)
        (stage / "etc").mkdir()
        for repo in self.repos.iterdir():
            text = repo.read_text().replace(str(self.room), PLACE)
            (stage / "etc" / repo.name).write_text(public(text, repo.name))
        if (self.room / "keys").exists():
            shutil.copytree(self.room / "keys", stage / "keys")


def public(text: str, name: str) -> str:
    """A .repo file without what logs in to its server: bundles are handed around, and ask no server.

    Its baseurl has to stay as it is: dnf names the folder of the lists by it. Raises Trouble for one with a
    password.
    """
    if re.search(r"//[^/\s@]+@", text):
        raise Trouble(
            f"{name} has a URL with a name or password",
            "it would be in the bundle, which is handed around",
            "give them as username= and password= there (dnf.conf(5)); they are left out of the bundle",
        )
    return re.sub(r"(?m)^\s*(username|password|proxy\w*|sslclient\w*)\s*=.*\n?", "", text)


def _releasever() -> str:
    """What $releasever is on this machine (dnf.conf(5): the distroverpkg's version)."""
    said = must(
        ["rpm", "-q", "--provides", "--whatprovides", "system-release(releasever)"], "rpm does not say it"
    )
    found = re.search(r"system-release\(releasever\) = (\S+)", said)
    if found is None:
        raise Trouble("the release of this system is unknown", "no package provides system-release(releasever)")
    return found.group(1)


def _platform() -> str:
    found = re.search(r'(?m)^PLATFORM_ID="?([^"\n]+)"?$', read_text("/etc/os-release") or "")
    return found.group(1) if found else ""
