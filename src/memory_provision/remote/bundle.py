"""A bundle: all that a machine like this one needs to be provisioned without a network, in one tar."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
import tarfile
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from memory_provision.remote import bundle_apt, bundle_dnf
from memory_provision.remote.base import Report, Trouble, read_text, run
from memory_provision.remote.model import written
from memory_provision.remote.pip import explained, pip, private, proxies

SAFE = (0, 8, 2)
"""The first pgvector without CVE-2026-3172; an older package is taken only when there is no pinned source."""

KINDS: dict[str, type[bundle_apt.Packages] | type[bundle_dnf.Packages]] = {
    "apt": bundle_apt.Packages,
    "dnf": bundle_dnf.Packages,
}


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: room (folder for the tar), manager, manifest (its fixed part), packages, optional (where there
    are such), pgvector, headers, build, sources [[file, version, sha256, url], …], python, index_url?,
    ca_bundle, cas (more CAs to trust, PEM), proxy?, and what the manager needs (see bundle_apt.py,
    bundle_dnf.py); when applied also requirements.

    Facts: path, sha256 and size of the tar. Nothing but `room` is changed.
    """
    os.environ.update(proxies(request["proxy"]))
    installer = pip(request["python"])
    room = Path(request["room"])
    if not apply and request.get("key_file") and not os.path.exists(request["key_file"]):
        report.change("bundle made")  # the step before this one fetches the key that the question needs
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="memory-mcp-bundle-") as scratch:
        wanted = Wanted(trusting(request, Path(scratch)), Path(scratch))
        key = json.loads(json.dumps({"manifest": request["manifest"], "holds": wanted.holds()}))
    stamp = json.loads(read_text(room / "stamp.json") or "{}")
    if stamp.get("key") == key and (room / "bundle.tar").exists():
        report.facts.update(stamp["made"])
        return
    report.change(f"bundle made of {', '.join(wanted.names)} and the server's Python packages")
    if not apply:
        return
    stage = room / "stage"
    stage.mkdir(parents=True, exist_ok=True)  # a run that was cut off left its downloads there
    for left in room.glob("work-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=room, prefix="work-") as scratch:
        request = trusting(request, Path(scratch))
        wanted = Wanted(request, Path(scratch))
        wanted.fetch(stage)
        _wheels(request, installer, stage / "wheels")
    made = _pack(stage, request["manifest"], room / "bundle.tar")
    report.facts.update(made)
    (room / "stamp.json").write_text(json.dumps({"key": key, "made": made}))
    shutil.rmtree(stage)


def trusting(request: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """The request with a ca_bundle of this machine's CAs and the given ones; the machine stays as it is."""
    if not request["cas"]:
        return request
    scratch.chmod(0o755)  # apt downloads as a user of its own
    path = scratch / "cas.pem"
    path.write_text((read_text(request["ca_bundle"]) or "") + "\n" + request["cas"] + "\n")
    return {**request, "ca_bundle": str(path)}


class Wanted:
    """The packages with all that they depend on, and pgvector: its package, or its source with a compiler."""

    def __init__(self, request: dict[str, Any], scratch: Path) -> None:
        scratch.chmod(0o755)  # apt downloads as a user of its own
        self.source: Path | None = None
        self.packages = KINDS[request["manager"]](request, scratch)
        self.packages.refresh()
        optional = [name for name in request["optional"] if self.packages.candidate(name)]
        self.names = [*request["packages"], *optional, *self._pgvector(request, scratch)]

    def _pgvector(self, request: dict[str, Any], scratch: Path) -> list[str]:
        have = self.packages.candidate(request["pgvector"])
        if have and _numbers(have) >= SAFE:
            return [request["pgvector"]]
        tried = []
        for file, _version, sha256, url in request["sources"] if self.packages.can_compile() else []:
            place = self.packages.source_url(url, bool(have))
            if place is None:
                continue
            said = _download(place, scratch / file, sha256, request["ca_bundle"])
            if said is None:
                self.source = scratch / file
                return [*request["build"], *self.packages.headers(request["headers"])]
            tried.append(f"{place}: {said}")
        if have:
            return [request["pgvector"]]
        raise Trouble(
            "pgvector can be had neither as a package nor as a source",
            "; ".join(tried) or f"no package source has {request['pgvector']}",
            "name a mirror: --data pgvector_url=URL",
        )

    def holds(self) -> list[Any]:
        """What decides whether a bundle made now would be the same as the last."""
        return [self.names, self.source.name if self.source else None, self.packages.state(self.names)]

    def fetch(self, stage: Path) -> None:
        """Everything but the wheels, into its place in the bundle."""
        self.packages.fetch(self.names, stage)
        sources = stage / "sources"
        shutil.rmtree(sources, ignore_errors=True)
        sources.mkdir()
        if self.source:
            shutil.copy(self.source, sources)


def _numbers(version: str) -> tuple[int, ...]:
    """(0, 8, 2) for "1:0.8.2-1.pgdg12+1"."""
    upstream = version.rpartition(":")[2].split("-")[0]
    return tuple(int(n) for n in upstream.split(".") if n.isdigit())


def _download(url: str, path: Path, sha256: str, ca_bundle: str) -> str | None:
    """Into `path`; None, or in words why not. A file that is not the pinned one is no file."""
    trust = ssl.create_default_context(cafile=ca_bundle if os.path.exists(ca_bundle) else None)
    try:
        with urllib.request.urlopen(url, timeout=20, context=trust) as answer:  # noqa: S310 -- its sha256 is pinned
            text = answer.read()
    except OSError as error:
        return str(error)
    if hashlib.sha256(text).hexdigest() != sha256:
        return "not the file that is pinned: sha256"
    path.write_bytes(text)
    return None


def _wheels(request: dict[str, Any], installer: str, folder: Path) -> None:
    """Exactly the pinned ones, chosen by the Python that will install them on a machine like this one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    wanted = folder.parent / "requirements.txt"
    wanted.write_text(request["requirements"])
    config = folder.parent / "pip.conf"
    private(str(config), f"[global]\nindex-url = {request['index_url']}\n" if request["index_url"] else "")
    command = [request["python"], installer, "download", "--quiet", "--no-deps", "--only-binary", ":all:",
               "--require-hashes", "--disable-pip-version-check", "--no-cache-dir",
               "--dest", str(folder)]  # fmt: skip
    if os.path.exists(request["ca_bundle"]):
        command += ["--cert", request["ca_bundle"]]
    more = {"PIP_CONFIG_FILE": str(config)} if request["index_url"] else {}
    environment = {"PIP_ROOT_USER_ACTION": "ignore", **more}
    done = run([*command, "-r", str(wanted)], timeout=1800, env=environment)
    if done.returncode == 0 and not list(folder.glob("wordllama-*.whl")):
        done = run([*command, *written(folder.parent, request["requirements"])], timeout=1800, env=environment)
    for file in (config, wanted, folder.parent / "model.txt"):
        file.unlink(missing_ok=True)
    if done.returncode != 0:
        raise explained(done.stderr + done.stdout, "the server's Python packages could not be downloaded")


def _pack(stage: Path, manifest: dict[str, Any], path: Path) -> dict[str, Any]:
    """One tar, the same bytes for the same files; its manifest comes first."""
    files = {
        str(p.relative_to(stage)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(stage.rglob("*"))
        if p.is_file() and p.parent != stage
    }
    sums = "".join(f"{digest}  {name}\n" for name, digest in files.items())
    (stage / "SHA256SUMS").write_text(sums)
    text = json.dumps({**manifest, "files": files}, indent=1, sort_keys=True)
    (stage / "manifest.json").write_text(text + "\n")
    beside = path.with_name("bundle.tar.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("manifest.json", "SHA256SUMS", *files):
            info = tarfile.TarInfo(name)
            info.size, info.mode = (stage / name).stat().st_size, 0o644
            with (stage / name).open("rb") as text_in:
                tar.addfile(info, text_in)
    beside.replace(path)
    digest = hashlib.sha256()
    with path.open("rb") as made:
        while block := made.read(1 << 20):
            digest.update(block)
    return {"path": str(path), "sha256": digest.hexdigest(), "size": path.stat().st_size}
