"""pgvector for one server: there already, else compiled from a pinned source against its pg_config."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from memory_provision.remote.base import Report, Trouble, flush, must, read_text, run

SAFE = (0, 8, 2)
"""The first release without CVE-2026-3172, a buffer overflow in parallel HNSW builds."""


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: bindir, cache (folder of downloads), state (folder of notes of what was put here), sources
    [[file, version, sha256], …], headers_glob, upgrade (is a newer one wanted than the compiled one that is
    there?); when applied also built (a tar of compiled files from a machine like this one, gzip and base64; or
    None).
    """
    pg_config = f"{request['bindir']}/pg_config"
    if not os.path.exists(pg_config):
        report.change("pgvector installed")
        return
    version = installed(pg_config)
    if version is None or (request["upgrade"] and _outdated(request, pg_config, version)):
        if not apply:
            report.change("pgvector compiled for this server")
            return
        if request["built"]:
            report.change("pgvector installed as another machine of this run compiled it")
            _install(request)
        else:
            report.change("pgvector compiled for this server")
            report.facts["built"] = _build(request, pg_config)
        version = installed(pg_config)
    report.facts["pgvector"] = version
    if version is None or parse(version) < SAFE:
        report.warn(
            f"pgvector {version} has CVE-2026-3172 (parallel HNSW builds); no newer one was to be had. "
            "Install 0.8.2 or newer when PGDG can be reached, and run again: the extension is updated then"
        )


def installed(pg_config: str) -> str | None:
    """The version that CREATE EXTENSION would give, read from the control file; None when there is none."""
    found = re.search(r"default_version\s*=\s*'([^']+)'", read_text(_control(pg_config)) or "")
    return found.group(1) if found else None


def _control(pg_config: str) -> str:
    share = must([pg_config, "--sharedir"], "pg_config does not answer").strip()
    return f"{share}/extension/vector.control"


def _outdated(request: dict[str, Any], pg_config: str, version: str) -> bool:
    """Was it compiled here (no package owns it) from an older source than the one that was fetched?"""
    owner = ["dpkg", "-S"] if shutil.which("dpkg") else ["rpm", "-qf"]
    if run([*owner, _control(pg_config)]).returncode == 0:
        return False
    fetched = [v for name, v, _ in request["sources"] if os.path.exists(f"{request['cache']}/{name}")]
    return bool(fetched) and parse(fetched[0]) > parse(version)


def parse(version: str) -> tuple[int, ...]:
    """(0, 8, 2) for "0.8.2"."""
    return tuple(int(n) for n in re.findall(r"\d+", version)[:3])


def _build(request: dict[str, Any], pg_config: str) -> str:
    """Compile and install it; the installed files, for other machines."""
    source = _verified_source(request)
    with tempfile.TemporaryDirectory(dir=request["cache"], prefix="build-") as room:
        with tarfile.open(source) as tar:
            tar.extractall(room)  # noqa: S202 -- its sha256 is pinned
        tree = next(Path(room).glob("pgvector-*"))
        wrapped = _with_headers(request, pg_config, room)
        # JIT bitcode would need clang (1.2 GB of packages); OPTFLAGS="" keeps the code portable between CPUs.
        make = ["make", "-s", "-C", str(tree), "OPTFLAGS=", "with_llvm=no", f"PG_CONFIG={wrapped}"]
        make += [*_sysroot(), *_flags(pg_config)]
        must([*make, f"-j{os.cpu_count() or 1}"], "pgvector does not compile", "see what make says above")
        must([*make, "install", f"DESTDIR={room}/stage"], "pgvector cannot be staged")
        stage = Path(room) / "stage"
        _publish(request, stage)
        return _packed(stage)


def _sysroot() -> list[str]:
    """Homebrew's pg_config names the SDK of the machine that built it (PostgreSQL's src/template/darwin)."""
    if sys.platform != "darwin":
        return []
    path = must(["xcrun", "--show-sdk-path"], "there is no SDK of macOS", "xcode-select --install").strip()
    return [f"PG_SYSROOT={path}"]


def _flags(pg_config: str) -> list[str]:
    """How the server was compiled, without files of the machine that did it.

    On the RHEL family these are gcc's specs (package redhat-rpm-config, amazon-rpm-config) and a linker script
    of the build itself, which exists nowhere (github.com/amazonlinux/amazon-linux-2023/issues/529).
    """
    found = []
    for name in ("CFLAGS", "LDFLAGS"):
        words = must([pg_config, f"--{name.lower()}"], "pg_config does not answer").split()
        kept = [word for word in words if not word.startswith(("-specs=", "-Wl,-dT,"))]
        if kept != words:
            found.append(f"{name}={' '.join(kept)}")
    return found


def _packed(stage: Path) -> str:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path in sorted(p for p in stage.rglob("*") if p.is_file() and "include" not in p.parts):
            tar.add(path, path.relative_to(stage))
    return base64.b64encode(packed.getvalue()).decode()


def _install(request: dict[str, Any]) -> None:
    """Files that were compiled elsewhere."""
    with tempfile.TemporaryDirectory() as room:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(request["built"]))) as tar:
            tar.extractall(room)  # noqa: S202 -- our own tar, from a machine of this run
        _publish(request, Path(room))


def _verified_source(request: dict[str, Any]) -> str:
    """The first pinned tarball that was downloaded and is what it should be."""
    for name, _version, wanted in request["sources"]:
        path = f"{request['cache']}/{name}"
        if os.path.exists(path):
            seen = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            if seen == wanted:
                return path
            os.rename(path, f"{path}.bad")
            raise Trouble(
                f"{name} is not the file that was pinned: sha256 {seen}",
                f"expected {wanted}: a damaged download or a tampered mirror",
                "check pgvector_url, then run again (the bad file was renamed to .bad)",
            )
    raise Trouble(
        "no source of pgvector could be downloaded",
        f"wanted one of {', '.join(name for name, _, _ in request['sources'])}",
        "name a mirror that has it: --data pgvector_url=URL",
    )


def _with_headers(request: dict[str, Any], pg_config: str, room: str) -> str:
    """A pg_config that finds the server's headers, unpacked beside when they are not installed."""
    headers = must([pg_config, "--includedir-server"], "pg_config does not answer").strip()
    if os.path.exists(f"{headers}/postgres.h"):
        return pg_config
    package = next(iter(sorted(Path(request["cache"]).glob(request["headers_glob"]), reverse=True)), None)
    if package is None:
        raise Trouble(
            "the server's headers are missing", f"no {request['headers_glob']} was downloaded", "run again"
        )
    must(["dpkg-deb", "-x", str(package), f"{room}/dev"], f"{package.name} cannot be unpacked")
    wrapper = Path(room) / "pg_config"
    wrapper.write_text(
        "#!/bin/sh\n"
        f'path=$({pg_config} "$@") || exit\n'
        f'case "$1" in --pgxs|--*includedir*) [ ! -e "{room}/dev$path" ] || path="{room}/dev$path" ;; esac\n'
        'printf "%s\\n" "$path"\n'
    )
    wrapper.chmod(0o755)
    return str(wrapper)


def _publish(request: dict[str, Any], stage: Path) -> None:
    """Copy into place, the control file last: its presence is what says "installed". Their names are kept."""
    files = sorted((p for p in stage.rglob("*") if p.is_file()), key=lambda p: p.suffix == ".control")
    os.makedirs(request["state"], exist_ok=True)
    names = "".join(f"/{path.relative_to(stage)}\n" for path in files)
    Path(request["state"], "pgvector").write_text(names)
    for path in files:
        target = Path("/") / path.relative_to(stage)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.new")
        shutil.copyfile(path, beside)
        beside.chmod(0o755 if target.suffix in (".so", ".dylib") else 0o644)
        if target.suffix == ".control":
            flush(str(target.parent))
        beside.replace(target)
