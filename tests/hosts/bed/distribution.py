"""Where this box gets Debian packages from: machines use the same mirror."""

from __future__ import annotations

from functools import cache

from .command import run

TARGET = "$(ORIGIN)\t$(REPO_URI)\t$(SUITE)\t$(COMPONENT)"


@cache
def sources(release: str) -> tuple[str, ...]:
    """One-line apt sources of a Debian release; none when the box is no Debian: mmdebstrap knows where."""
    found = {tuple(line.split("\t")) for line in _targets() if line.startswith("Debian\t")}
    main = sorted(uri.rstrip("/") for _, uri, suite, _ in found if "-" not in suite)
    security = sorted(uri.rstrip("/") for _, uri, suite, _ in found if suite.endswith("-security"))
    if not main or not security:
        return ()
    trust = _trust()
    if release == "sid":  # has neither updates nor security of its own
        return (f"deb {trust}{main[0]} {release} main",)
    return (
        f"deb {trust}{main[0]} {release} main",
        f"deb {trust}{main[0]} {release}-updates main",
        f"deb {trust}{security[0]} {release}-security main",
    )


@cache
def _targets() -> list[str]:
    return run(
        "apt-get", "indextargets", "--format", TARGET, "Created-By: Packages", check=False
    ).stdout.splitlines()


@cache
def _trust() -> str:
    """The box's own leniency about dates (a snapshot mirror, a clock of its own) holds for its machines too."""
    config = run("apt-config", "dump", check=False).stdout
    options = [
        option
        for name, option in (("Check-Valid-Until", "check-valid-until=no"), ("Check-Date", "check-date=no"))
        if f'Acquire::{name} "false"' in config
    ]
    return f"[{' '.join(options)}] " if options else ""
