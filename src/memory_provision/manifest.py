"""What a bundle holds and which machines it fits: its manifest.json. Pure: no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memory_mcp.errors import RefusedError

FORMAT = 1
"""Of manifest.json; another one was written by another version of this toolkit."""

NAME = "manifest.json"
SUMS = "SHA256SUMS"
"""The same hashes once more, as sha256sum reads them on the target."""


class BundleError(RefusedError):
    """This bundle cannot be used, on this machine or at all; nothing was changed."""


@dataclass(frozen=True)
class Manifest:
    """A bundle's contents. `python` is the interpreter that its wheels were chosen for: path, package, version;
    `files` are names within the bundle and their sha256; `wheels_for` is the sha256 of requirements/server.txt.
    """

    system: str  # see bundled.bundle_system
    major: int
    source: str  # pgdg | distribution: where its packages come from
    packages: str  # apt | dnf
    python: tuple[str, str, str]
    wheels_for: str
    settings: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def summary(self) -> str:
        """In words, for messages."""
        return f"PostgreSQL {self.major} ({self.source}) for {self.system}, Python {self.python[2]}"


def parse(text: str, where: str) -> Manifest:
    """Read manifest.json; `where` names the bundle in messages. Raises BundleError for anything else."""
    try:
        value = json.loads(text)
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            seen = value.get("format") if isinstance(value, dict) else type(value).__name__
            raise _bad(where, f"its format is {seen}, this toolkit reads {FORMAT}")
        return _parsed(value)
    except (ValueError, KeyError, TypeError) as error:
        raise _bad(where, f"its {NAME} cannot be read: {type(error).__name__}: {error}") from None


def _bad(where: str, why: str) -> BundleError:
    return BundleError(f"{where} is no bundle that can be used", why, "make it again with deploys/bundle.py")


def _parsed(value: dict[str, Any]) -> Manifest:
    files = {_name(name): _sha256(digest) for name, digest in dict(value["files"]).items()}
    path, package, version = value["python"]
    return Manifest(
        system=str(value["system"]),
        major=int(value["major"]),
        source=str(value["source"]),
        packages=str(value["packages"]),
        python=(str(path), str(package), str(version)),
        wheels_for=_sha256(value["wheels_for"]),
        settings={str(k): str(v) for k, v in dict(value["settings"]).items()},
        files=files,
    )


def _name(name: str) -> str:
    """A name that stays inside the folder where the bundle is unpacked, and that sha256sum reads as it is."""
    parts = name.split("/")
    if not re.fullmatch(r"[\w.+~:@%=-]+(/[\w.+~:@%=-]+)*", name, re.ASCII) or {"..", "."} & set(parts):
        raise ValueError(f"file name {name!r}")
    return name


def _sha256(digest: Any) -> str:
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError(f"sha256 {digest!r}")
    return digest


def check_machine(manifest: Manifest, where: str, system: str, major: int | None) -> None:
    """Does it fit this machine? Raises BundleError that names what differs. `major`: the one asked for."""
    want = manifest.system
    if system != want:
        names = ("system", "release", "architecture")
        theirs, ours = want.split("-", 2), system.split("-", 2)
        differs = [f"{n} {a} instead of {b}" for n, a, b in zip(names, theirs, ours, strict=False) if a != b]
        raise BundleError(
            f"{where} is for {want}, this machine is {system}",
            f"packages of one do not fit the other ({', '.join(differs) or 'they differ'})",
            "make a bundle on a connected machine like this one: deploys/bundle.py",
        )
    if major is not None and major != manifest.major:
        raise BundleError(
            f"{where} has PostgreSQL {manifest.major}, this machine is to have {major}",
            "nothing else can be had without a network",
            f"make it with --data postgres_version={major}, or use --data postgres_version={manifest.major}",
        )


def check_wheels(manifest: Manifest, where: str, wheels_for: str) -> None:
    """Are its wheels the ones that this version of the toolkit installs?"""
    if manifest.wheels_for != wheels_for:
        raise BundleError(
            f"{where} has the Python packages of another version of this toolkit",
            "requirements/server.txt has changed since it was made",
            "make it again with deploys/bundle.py",
        )
