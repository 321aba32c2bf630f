"""The server's virtual environments: one per wheel, dependencies and Python; a symbolic link chooses."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from memory_provision.remote.base import Report, Rights, Trouble, flush, must, replace_file, run, sync_directory
from memory_provision.remote.model import LACKING, written
from memory_provision.remote.pip import explained, pip, private, proxies

NEEDED = (3, 10)
# where a virtual environment has its programs, and what its pip reads
BIN, EXE, PIP_CONF = ("Scripts", ".exe", "pip.ini") if sys.platform == "win32" else ("bin", "", "pip.conf")
# Installed because a package names it, and loaded by nothing that the server does: nearly half of all the code.
UNUSED = r"""(?x) site-packages [/\\] (
    .* [/\\] tests | numpy [/\\] (distutils | f2py | ma | polynomial | testing) | pydantic [/\\] v1
    | huggingface_hub | hf_xet | fsspec | filelock | tqdm | packaging | yaml | toml | wordllama
    | requests | urllib3 | charset_normalizer | cffi | pycparser
) [/\\]"""


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: install_dir, owner, command (None: made by somebody else), python, wheel_name, wheel_sha256,
    requirements_sha256, index_url?, ca_bundle, links (name: what it leads to in the environment, a pattern),
    proxy?, wheels? (a folder to take the dependencies from instead of an index); when applied also wheel
    (base64) and requirements (text).
    """
    _user(request, report, apply)
    python = _python(request)
    if python is None:
        if apply:
            who = "install it" if os.geteuid() == 0 else "let an administrator install it"
            raise Trouble(
                f"{request['python']} is no Python of at least 3.10 with the module ensurepip",
                "the server's virtual environment cannot be made with it",
                f"{who} (Debian: python3-venv), or name another: --data server_python=/path/to/python3",
            )
        report.change("server installed")
        return
    room = f"{request['install_dir']}/venvs/{key(request, python)}"
    report.facts["environment"] = os.path.basename(room)
    if not os.path.exists(f"{room}/.complete"):
        report.change(f"server installed with {os.path.basename(python)}")
        if not apply:
            return
        _install(request, report, python, room)
    _link(report, apply, room, f"{request['install_dir']}/current")
    if request["command"] is not None:
        _link(report, apply, f"{request['install_dir']}/current/bin/memory-mcp", request["command"])
    for link, pattern in request["links"].items():
        for target in Path(room).glob(pattern):
            _link(report, apply, str(target), link)
    if apply:
        _prune(request, room)


def key(request: dict[str, Any], python: str) -> str:
    """Name of the environment: what went into it."""
    text = "\n".join([request["wheel_sha256"], request["requirements_sha256"], os.path.realpath(python)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _user(request: dict[str, Any], report: Report, apply: bool) -> None:
    name = request["owner"]
    if name is None or run(["id", "-u", name]).returncode == 0:
        return
    report.change(f"system user {name} made")
    if apply:
        must(["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
              "--shell", "/usr/sbin/nologin", name], f"user {name} cannot be made")  # fmt: skip


def _python(request: dict[str, Any]) -> str | None:
    path = str(request["python"])
    said = run([path, "-c", "import sys, ensurepip; print(*sys.version_info[:2])"])
    fit = said.returncode == 0 and tuple(map(int, said.stdout.split())) >= NEEDED
    return path if fit else None


def _install(request: dict[str, Any], report: Report, python: str, room: str) -> None:
    """Into its final place (a venv cannot be moved); `.complete` comes last, so a torn one is made again."""
    for folder in (request["install_dir"], os.path.dirname(room)):
        sync_directory(report, True, folder, Rights(0o755))
    shutil.rmtree(room, ignore_errors=True)
    must([python, "-m", "venv", "--without-pip", room], "a virtual environment cannot be made")
    installer = pip(python)
    wheel = Path(room) / request["wheel_name"]
    wheel.write_bytes(base64.b64decode(request["wheel"]))
    wanted = Path(room) / "requirements.txt"
    wanted.write_text(f"{request['requirements']}\n{wheel.as_uri()} --hash=sha256:{request['wheel_sha256']}\n")
    install = [installer, "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes",
               "--no-compile", "--disable-pip-version-check", "--no-cache-dir"]  # fmt: skip
    if request["ca_bundle"] and os.path.exists(request["ca_bundle"]):
        install += ["--cert", request["ca_bundle"]]  # a venv's pip would trust only the CAs it brings along
    if request.get("index_url"):
        private(f"{room}/{PIP_CONF}", f"[global]\nindex-url = {request['index_url']}\n")
    if request.get("wheels"):
        install += ["--no-index", "--find-links", request["wheels"]]  # of an offline bundle
    interpreter = f"{room}/{BIN}/python{EXE}"
    environment = {"PIP_ROOT_USER_ACTION": "ignore", **proxies(request.get("proxy"))}

    def installed(*what: str) -> None:
        done = run([interpreter, *install, *what], timeout=1800, env=environment)
        if done.returncode != 0:
            raise explained(done.stderr + done.stdout, "the server's Python packages could not be installed")

    installed("-r", str(wanted))
    if packages := must([interpreter, "-c", LACKING], "the new environment does not work").strip():
        installed(*written(Path(room), request["requirements"]), "--target", packages)
    # A cold start without compiled files takes 2 to 3 s, with them 0.6 s. Several processes would cost more to
    # start than they save.
    compiled = [interpreter, "-m", "compileall", "-q", "-x", UNUSED, f"{room}/lib"]
    must(compiled, "the server cannot be compiled")
    must([f"{room}/{BIN}/memory-mcp{EXE}", "--version"], "the installed server does not start")
    flush(room)
    # not an empty file, which a full disk still takes: there Python cuts off what it compiles without a word
    # (python/cpython#126606)
    replace_file(f"{room}/.complete", f"{os.path.basename(room)}\n", Rights(0o644))


def _link(report: Report, apply: bool, target: str, link: str) -> None:
    if os.path.islink(link) and _leads_to(link, target):
        return
    if os.path.exists(link) and not os.path.islink(link):
        raise Trouble(
            f"{link} is not ours", "a file of that name is in the way", f"move it away: mv {link} {link}.old"
        )
    report.change(f"{link} → {target}")
    if apply:
        os.makedirs(os.path.dirname(link), exist_ok=True)
        beside = f"{link}.new"
        if os.path.lexists(beside):
            os.unlink(beside)
        os.symlink(target, beside, target_is_directory=os.path.isdir(target))
        if sys.platform == "win32" and os.path.lexists(link):
            os.unlink(link)  # no rename replaces a link to a folder there
        os.replace(beside, link)


def _leads_to(link: str, target: str) -> bool:
    if sys.platform == "win32":  # it writes links in a form of its own
        return os.path.normcase(os.path.realpath(link)) == os.path.normcase(os.path.realpath(target))
    return os.readlink(link) == target


def _prune(request: dict[str, Any], room: str) -> None:
    """The one in use stays, and the one before it for processes that still run from there."""
    rooms = sorted(
        Path(request["install_dir"], "venvs").iterdir(), key=lambda p: p.stat().st_mtime, reverse=True
    )
    for old in [p for p in rooms if str(p) != room][1:]:
        shutil.rmtree(old, ignore_errors=sys.platform == "win32")  # programs that run cannot be removed there
