"""Machines that begin where an earlier run had come to: the run is made once for each state of the tree.

A snapshot is what a run left on the disk when it came to a step, as layers over a machine's image. It is made
by the main job itself on a bare machine, whose controller ends at that step and which is then shut down in
good order. A test that is about a later moment begins there; what is said of a bare machine starts bare.

What machines of one snapshot share: the packages' log, the certificate that Debian's ssl-cert makes and, from
the end of the run on, the role's password. Name, address and machine-id are each machine's own.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from tests.hosts.bed import archive
from tests.hosts.bed import cache as kept
from tests.hosts.bed.command import run
from tests.hosts.bed.image import image
from tests.hosts.bed.lab import Lab
from tests.hosts.bed.machine import Machine, Make
from tests.hosts.bed.mirror import Mirror
from tests.hosts.provision import ROOT, provisioned, running

END = "the end"
MOMENTS = ("pgvector", "Cluster", "Configuration", END)
"""The steps of the main job before which a machine can be had, in their order. More would cost more to make
than the tests save: between these lie the packages, the compiler, the server's environment and the rest."""

KEPT_DAYS = 0.1  # each state of the tree has its own: a run of the tests, and the next, may use it
MADE_FROM = (
    *("src", "migrations", "requirements", "deploys", "templates", "inventories/group_data"),
    *("pyproject.toml", "README.md", "LICENSE"),  # they go into the wheel
)
# What says who a machine is, and has to be made anew (an empty machine-id is not a first boot: no presets)
OWN = ("etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/pip.conf", archive.SOURCES, archive.KEY)


def layers(lab: Lab, mirror: Mirror, name: str, moment: str) -> tuple[str, ...]:
    """Folders to be laid over the image called `name`, the uppermost first; the first use makes them."""
    if moment not in MOMENTS:
        raise KeyError(f"no snapshot is made before {moment}; there are {', '.join(MOMENTS)}")
    number = MOMENTS.index(moment)
    below = layers(lab, mirror, name, MOMENTS[number - 1]) if number else ()
    recipe = (str(image(name)), *below, moment, _tree(), Path(__file__))
    label = f"{name}-provisioned-{number + 1}"
    layer = kept.artifact(label, partial(_make, lab, mirror, name, below, moment), *recipe, days=KEPT_DAYS)
    return (str(layer / "disk"), *below)


def _make(lab: Lab, mirror: Mirror, name: str, below: tuple[str, ...], moment: str, folder: Path) -> None:
    """Run the main job to `moment` on top of the layers `below`, and keep what it wrote."""
    what = Make(name, layers=below, index=True)
    mirror.offer(what)
    machine = Machine.create(lab, "snapshot", what)
    try:
        if moment == END:
            provisioned(machine)
        else:
            with running(machine, moment, 0.0):
                pass
        machine.off()
        _assert_stopped_in_time(machine, moment)
        run("cp", "-a", machine.disk / "upper", folder / "disk")
    finally:
        machine.destroy()
    for path in OWN:
        (folder / "disk" / path).unlink(missing_ok=True)
    (folder / "disk/etc/machine-id").write_text("")


def _assert_stopped_in_time(machine: Machine, moment: str) -> None:
    """A step that has left a trace is not one that is still to come."""
    vector = list(machine.root.glob("usr/share/postgresql/*/extension/vector.control"))
    assert bool(vector) == (moment != "pgvector")
    configured = (machine.root / "etc/memory-mcp/.env").exists()
    assert configured == (moment == END)


@cache
def _tree() -> str:
    """A hash of everything that a run is made of."""
    named = [ROOT / part for part in MADE_FROM]
    files = [p for part in named for p in ([part] if part.is_file() else part.rglob("*")) if p.is_file()]
    wanted = sorted(p for p in files if "__pycache__" not in p.parts)
    return kept.key(*[part for p in wanted for part in (str(p.relative_to(ROOT)), p)])
