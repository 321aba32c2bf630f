"""Making a root file system: a Debian release unpacked, and what every machine has besides."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import ca
from .chroot import inside
from .command import contained, run
from .distribution import sources

SNIPPETS = Path(__file__).with_name("snippets")
PREPARE = SNIPPETS / "prepare.sh"


def bootstrap(release: str, root: Path, packages: str, architecture: str = "") -> None:
    """Unpack a Debian release into `root`; its apt is configured as the release's own default is.

    `architecture` is Debian's name of another processor (arm64).
    """
    leniency = ("Acquire::Check-Valid-Until", "Acquire::Check-Date") if sources(release) else ()
    options = [f'--aptopt={name} "false"' for name in leniency]
    if architecture:
        options += [f"--architectures={architecture}", "--skip=check/qemu"]  # whoever asks has arranged it
    run(
        *contained("mmdebstrap", "--variant=minbase", f"--include={packages}"),
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
