"""Root file systems that machines boot from: made once, shared read-only by every machine."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from . import ca, cache
from .chroot import inside
from .command import contained, run
from .distribution import sources

RELEASES = {"debian12": "bookworm", "debian13": "trixie"}
# A bare server: what boots, lets one in and becomes root; no Python, compiler, curl, gpg or locales.
PACKAGES = "systemd-sysv,dbus,openssh-server,sudo,ca-certificates,iproute2,procps"
PREPARE = Path(__file__).with_name("snippets") / "prepare.sh"


def image(name: str) -> Path:
    """The root folder of the image called `name` (see `names`); the first use builds it, in half a minute."""
    if name not in RELEASES:
        raise KeyError(f"no image is called {name}; there are {', '.join(names())}")
    recipe = [RELEASES[name], PACKAGES, *sources(RELEASES[name]), *preparation()]
    return cache.artifact(name, recipe, partial(_build, RELEASES[name]))


def names() -> list[str]:
    """Every image there is."""
    return sorted(RELEASES)


def _build(release: str, root: Path) -> None:
    bootstrap(release, root, PACKAGES)
    prepare(root)


def bootstrap(release: str, root: Path, packages: str, variant: str = "minbase") -> None:
    """Unpack a Debian release into `root`; its apt is configured as the release's own default is."""
    leniency = ("Acquire::Check-Valid-Until", "Acquire::Check-Date") if sources(release) else ()
    options = [f'--aptopt={name} "false"' for name in leniency]
    run(
        *contained("mmdebstrap", f"--variant={variant}", f"--include={packages}"),
        *('--aptopt=Apt::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"', *options),
        *(release, str(root), *sources(release)),
    )
    (root / "etc/apt/apt.conf.d/99mmdebstrap").unlink()


def preparation() -> list[str | Path]:
    """What `prepare` depends on, for an image's recipe."""
    public = ca.ssh_key().with_suffix(".pub")
    return [PREPARE, public, ca.certificate() / "ca.crt", *ca.box_certificates()]


def prepare(root: Path) -> None:
    """Let the controller in as root and ops, and trust the lab's CA and those of the box."""
    folder = root / "prepare"
    folder.mkdir()
    shutil.copy(ca.ssh_key().with_suffix(".pub"), folder / "authorized_keys")
    shutil.copy(ca.certificate() / "ca.crt", folder / "test-bed.crt")
    for crt in ca.box_certificates():
        shutil.copy(crt, folder / f"box-{crt.name}")
    inside(root, "sh", "-s", input=PREPARE.read_text())
