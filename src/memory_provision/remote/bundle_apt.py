"""Packages of a bundle by apt: with all that they depend on, as for a machine that has nothing installed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from memory_provision.remote.base import Trouble, must, run

OURS = "memory-mcp-pgdg.sources"
# Files that name the bundle as apt's only source. apt.conf(5): APT_CONFIG is read before all other files.
# trusted: the hashes that apt checks came from signed indexes, and were verified with the bundle.
ETC = {
    "sources.list": "deb [trusted=yes] file:@BUNDLE@/packages ./\n",
    "apt.conf": 'Dir::Etc::sourcelist "@BUNDLE@/etc/sources.list"; Dir::Etc::sourceparts "/dev/null";\n'
    'Dir::State::lists "@BUNDLE@/lists"; Acquire::Languages "none";\n'
    'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n',
}
PGDG = r"apt(-archive)?\.postgresql\.org"


class Packages:
    """Request: source, codename, major, pgdg_url, pgdg_key (armored text), cas, ca_bundle. Everything lies in
    `room`: lists, cache, an empty status of what is installed; so neither this machine's packages nor its apt
    matter or change.
    """

    def __init__(self, request: dict[str, Any], room: Path) -> None:
        self.request, self.room = request, room
        self.headers_package: str | None = None
        parts = room / "sources.list.d"
        for folder in (parts, room / "lists/partial", room / "cache/archives/partial"):
            folder.mkdir(parents=True)
        (room / "status").touch()
        given = [p for p in Path("/etc/apt/sources.list.d").glob("*") if p.name != OURS]
        for path in given:
            shutil.copy(path, parts)
        texts = [p.read_text() for p in (*given, Path("/etc/apt/sources.list")) if p.is_file()]
        if request["source"] == "pgdg" and not any(re.search(PGDG, text) for text in texts):
            (room / "pgdg.asc").write_text(request["pgdg_key"])
            (parts / OURS).write_text(
                f"Types: deb\nURIs: {request['pgdg_url']}\nSuites: {request['codename']}-pgdg\n"
                f"Components: main\nSigned-By: {room}/pgdg.asc\n"
            )

    def options(self) -> list[str]:
        """For apt-get and apt-cache."""
        r = self.room
        given = {
            "Dir::State::status": r / "status",
            "Dir::State::extended_states": r / "extended_states",
            "Dir::State::lists": r / "lists",
            "Dir::Cache": r / "cache",
            "Dir::Etc::sourceparts": r / "sources.list.d",
            "APT::Install-Recommends": "false",
            "APT::Update::Error-Mode": "any",
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "30",
            "Acquire::https::Timeout": "30",
            "Acquire::Languages": "none",
        }
        if self.request["cas"]:
            given["Acquire::https::CAInfo"] = self.request["ca_bundle"]
        return [part for name, value in given.items() for part in ("-o", f"{name}={value}")]

    def refresh(self) -> None:
        """Fetch the lists."""
        must(["apt-get", "-q", *self.options(), "update"], "the package lists cannot be fetched")
        major, codename = self.request["major"], self.request["codename"]
        if self.request["source"] == "pgdg" and f"{codename}-pgdg" not in self._policy(f"postgresql-{major}"):
            raise Trouble("PGDG's repository was not read", f"it has no postgresql-{major} for {codename}")

    def _policy(self, name: str) -> str:
        return run(["apt-cache", *self.options(), "policy", name]).stdout

    def candidate(self, name: str) -> str | None:
        """The version that would be installed."""
        found = re.search(r"^  Candidate: (.*)$", self._policy(name), re.MULTILINE)
        return found.group(1) if found and found.group(1) != "(none)" else None

    def can_compile(self) -> bool:
        """Debian always has a compiler."""
        return True

    def headers(self, name: str) -> list[str]:
        """The server's headers are only unpacked: what they depend on (clang, llvm: 1.2 GB) is for JIT."""
        self.headers_package = name
        return []

    def source_url(self, url: str, packaged: bool) -> str | None:
        """A file of the Debian pool comes from this machine's mirror; a package of the same age is better."""
        if not url.startswith("pool/"):
            return url
        uris = run(["apt-get", *self.options(), "update", "--print-uris"]).stdout
        mirror = re.search(rf"^'([^']*)/dists/{self.request['codename']}/InRelease'", uris, re.MULTILINE)
        return f"{mirror.group(1).rstrip('/')}/{url}" if mirror and not packaged else None

    def state(self, names: list[str]) -> list[str]:
        """The files that would be in the bundle."""
        install = must(
            ["apt-get", "-q", "-y", *self.options(), "--print-uris", "install", *names],
            "packages cannot be had",
        )
        one = [self.headers_package] if self.headers_package else []
        alone = (
            must(["apt-get", *self.options(), "--print-uris", "download", *one], "no headers") if one else ""
        )
        return sorted(re.findall(r"^'[^']+' (\S+\.deb) ", install + alone, re.MULTILINE))

    def fetch(self, names: list[str], stage: Path) -> None:
        """The packages and an index of them that apt can read: packages/Packages."""
        archives, folder = stage / "archives", stage / "packages"
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        into = [*self.options(), "-o", f"Dir::Cache::archives={archives}"]
        must(
            ["apt-get", "-q", "-y", *into, "--download-only", "install", *names],
            "packages cannot be downloaded",
            timeout=3600,
        )
        if self.headers_package:
            download = f'cd {archives} && exec apt-get -q "$@" download {self.headers_package}'
            must(["sh", "-c", download, "sh", *into], "the server's headers cannot be downloaded")
        expected = set(self.state(names))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        index = []
        for stanza in self._stanzas(expected):
            kept, name = _archive(stanza), os.path.basename(_field(stanza, "Filename"))
            path = archives / kept
            if sha256(path.read_bytes()).hexdigest() != _field(stanza, "SHA256"):
                path.unlink()
                raise Trouble(f"{kept} is not what the signed index says", "a damaged download", "run again")
            path.rename(folder / name)
            index.append(re.sub(r"(?m)^Filename: .*$", f"Filename: ./{name}", stanza))
        (folder / "Packages").write_text("\n\n".join(index) + "\n")
        etc = stage / "etc"
        etc.mkdir(exist_ok=True)
        for name, text in ETC.items():
            (etc / name).write_text(text)
        shutil.rmtree(archives)

    def _stanzas(self, files: set[str]) -> Iterable[str]:
        """The index's own words on each file, in the order of their names; every file has one."""
        asked = ["{}={}".format(*_name_and_version(file)) for file in sorted(files)]
        said = must(["apt-cache", *self.options(), "show", *asked], "the package lists cannot be read")
        found = {_archive(s): s.strip() for s in said.split("\n\n") if s.strip()}
        missing = files - set(found)
        if missing:
            raise Trouble(f"the package lists do not know {', '.join(sorted(missing))}", "", "run again")
        return [found[file] for file in sorted(files)]


def _name_and_version(file: str) -> tuple[str, str]:
    """("libc6:amd64", "2.36-9") of libc6_2.36-9_amd64.deb, as apt names what it downloads."""
    name, version, architecture = file.removesuffix(".deb").split("_")
    plain = version.replace("%3a", ":")
    return (name if architecture == "all" else f"{name}:{architecture}"), plain


def _archive(stanza: str) -> str:
    """The name under which apt keeps a package."""
    version = _field(stanza, "Version").replace(":", "%3a")
    return f"{_field(stanza, 'Package')}_{version}_{_field(stanza, 'Architecture')}.deb"


def _field(stanza: str, name: str) -> str:
    found = re.search(rf"(?m)^{name}: (.*)$", stanza)
    return found.group(1).strip() if found else ""
