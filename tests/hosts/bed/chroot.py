"""Run a command inside an image's folder, with host folders bound into it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

from .command import contained, run

# $1 is the root, then SOURCE TARGET pairs up to --, then the command
ENTER = """
root=$1; shift
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do mkdir -p "$root$2"; mount --bind "$1" "$root$2"; shift 2; done
shift
exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
  PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""


# First of all: the root becomes the layer below one in memory, which ends with the command
COPY = """
mount -t tmpfs tmpfs "$1/mnt"
mkdir "$1/mnt/upper" "$1/mnt/work"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$1/mnt/upper,workdir=$1/mnt/work" "$1"
"""


def inside(
    root: Path,
    *argv: str,
    binds: Mapping[Path, str] | None = None,
    input: str | None = None,  # noqa: A002
    enter: str = ENTER,
) -> CompletedProcess[str]:
    """Run `argv` with `root` as /; `binds` maps host folders to absolute places in it. Raises CommandError."""
    pairs = [str(x) for pair in (binds or {}).items() for x in pair]
    return run(*contained("sh", "-ec", enter, "inside", root, *pairs, "--", *argv), input=input)


def inside_copy(
    root: Path,
    *argv: str,
    binds: Mapping[Path, str],
    input: str | None = None,  # noqa: A002
) -> CompletedProcess[str]:
    """The same in a copy of the root that is gone afterwards: what is to be kept goes to folders of `binds`.

    A root can be used so by several at once.
    """
    return inside(root, *argv, binds=binds, input=input, enter=COPY + ENTER)
