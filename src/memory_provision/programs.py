"""The text of a host program: modules, request and call, to be read from standard input."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "remote"

# What each program imports, in order.
_NEEDS: dict[str, tuple[str, ...]] = {
    "cluster": ("psql", "layout", "layout_debian", "layout_embedded", "layout_pgdata", "layout_brew"),
    "pgvector": (),
    "extension": ("psql", "scram", "credential", "hba", "database"),
    "database": ("psql", "scram", "credential", "hba"),
    "server": ("pip", "model"),
    "bundle": ("pip", "model", "bundle_apt", "bundle_dnf"),
    "configuration": ("credential",),
    "migrations": ("psql", "memory"),
    "smoke": ("memory",),
    "maintain": ("memory",),
    "uninstall": ("psql", "scram", "credential", "hba", "database", "memory", "removal"),
    "restore": ("psql", "hba", "memory", "maintain"),
    "kit": (
        *("psql", "scram", "credential", "hba", "memory", "pip", "model"),
        *("server", "database", "configuration", "migrations", "smoke"),
    ),
}

_SHELL_NEEDS: dict[str, tuple[str, ...]] = {
    "machine": ("machine_darwin",),
    "ca": ("shell",),
    "apt": ("shell",),
    "dnf": ("shell", "yum_key"),
    "brew": ("shell",),
    "bundle_key": ("shell", "yum_key"),
}

_BOOT = """
import json, sys, types
PACKAGES, MODULES, PROGRAM, REQUEST, APPLY = json.loads({payload!r})
for name in PACKAGES:
    sys.modules[name] = types.ModuleType(name)
for name, text in MODULES:
    module = types.ModuleType(name)
    sys.modules[name] = module
    setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], module)
    exec(compile(text, name.rpartition(".")[2] + ".py", "exec"), module.__dict__)
sys.exit(sys.modules["memory_provision.remote.base"].main(sys.modules[PROGRAM], REQUEST, APPLY))
"""


class Stdin(str):
    """Standard input of a command; prints as a remark, because it can hold a secret and is long in any case."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} characters on standard input>"

    def __str__(self) -> str:
        return repr(self)


@cache
def source(name: str) -> str:
    """Text of one file under remote/."""
    return (HERE / name).read_text(encoding="utf-8")


def python_program(name: str, request: Mapping[str, Any], apply: bool) -> Stdin:
    """A program for `python3 -`."""
    return Stdin(_BOOT.format(payload=_payload(name, request, apply)))


def file_program(name: str, request: Mapping[str, Any]) -> str:
    """A program as a file: `python FILE`, whose `main(request)` reads the rest of its input itself."""
    boot = _BOOT.rpartition("sys.exit(")[0]
    causes = (HERE.parent / "causes.py").read_text(encoding="utf-8")
    payload = _payload(name, request, False, [["memory_provision.causes", causes]])
    return boot.format(payload=payload) + "sys.exit(sys.modules[PROGRAM].main(REQUEST))\n"


def _payload(name: str, request: Mapping[str, Any], apply: bool, more: Sequence[Sequence[str]] = ()) -> str:
    modules = [[f"memory_provision.remote.{m}", source(f"{m}.py")] for m in ("base", *_NEEDS[name], name)]
    packages = ["memory_provision", "memory_provision.remote"]
    return json.dumps([packages, [*more, *modules], f"memory_provision.remote.{name}", request, apply])


def shell_program(name: str, variables: Mapping[str, str]) -> Stdin:
    """A script for `sh -s`, with its input as variables before it."""
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in variables.items())
    return Stdin(head + "".join(source(f"{part}.sh") for part in (*_SHELL_NEEDS[name], name)))
