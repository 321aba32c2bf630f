# ruff: noqa: T201 - a command that prints
"""Machines by hand: `./run python -m tests.hosts.bed up NAME IMAGE`; they stay until `rm NAME`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from . import cache, needs, warm
from .image import names
from .lab import Lab
from .machine import Machine, Make, command_line
from .mirror import Mirror


def folder_of(lab: Lab, name: str) -> Path:
    return lab.folder / "machines" / name


def there_are(lab: Lab) -> list[str]:
    """Names of the machines; the session has no folder while there is none."""
    return sorted(folder.name for folder in (lab.folder / "machines").glob("*"))


def existing(lab: Lab, name: str) -> Machine:
    if not folder_of(lab, name).exists():
        there = " ".join(there_are(lab)) or "none"
        raise SystemExit(f"there is no machine {name}; there are: {there}")
    return Machine(lab, name)


def up(lab: Lab, args: argparse.Namespace) -> int:
    if folder_of(lab, args.name).exists():
        raise SystemExit(
            f"there is a machine {args.name} already; remove it: python -m tests.hosts.bed rm {args.name}"
        )
    lab.begin()
    make = Make(args.image, disk=args.disk, pgdg=args.pgdg, github=args.github, index=args.index)
    Mirror(lab).offer(make)
    machine = Machine.create(lab, args.name, make)
    print(f"address    {machine.ip}")
    print(f"key        {machine.ssh_key}")
    print(f"shell      {command_line(machine)}")
    print(f"inventory  {machine.inventory()}")
    print(f"           {machine.inventory('ops', sudo=True)}")
    return 0


def rm(lab: Lab, args: argparse.Namespace) -> int:
    existing(lab, args.name).destroy()
    if not there_are(lab):
        lab.close()
    return 0


def show(lab: Lab, _: argparse.Namespace) -> int:
    for name in there_are(lab):
        machine = Machine(lab, name)
        state = "on" if machine.running() else "off"
        print(f"{name:16} {machine.made.image:12} {machine.ip:14} {state}")
    return 0


def ssh(lab: Lab, args: argparse.Namespace) -> int:
    machine = existing(lab, args.name)
    os.execvp("ssh", ["ssh", "-F", str(machine.ssh_config), f"{args.user}@{machine.ip}", *args.command])


def build(_: Lab, __: argparse.Namespace) -> int:
    begin = time.monotonic()
    for name, seconds in warm.everything():
        print(f"{seconds:7.1f} s  {name}", flush=True)
    print(f"{time.monotonic() - begin:7.1f} s  in all")
    return 0


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.bed", description=__doc__)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("up", help="make a machine and boot it")
    p.add_argument("name")
    p.add_argument("image", choices=names())
    p.add_argument("--disk", default="4g", help="size of its writable disk (in memory)")
    p.add_argument("--pgdg", action="store_true", help="PGDG's names lead to the lab's mirror")
    p.add_argument("--github", action="store_true", help="GitHub's names lead to the lab's mirror")
    p.add_argument("--index", action="store_true", help="pip and apt ask the lab's mirror")
    p.set_defaults(do=up)
    p = commands.add_parser("rm", help="remove a machine")
    p.add_argument("name")
    p.set_defaults(do=rm)
    p = commands.add_parser("list", help="the machines made by hand")
    p.set_defaults(do=show)
    p = commands.add_parser("ssh", help="run a command on a machine, or open a shell")
    p.add_argument("name")
    p.add_argument("command", nargs=argparse.REMAINDER)
    p.add_argument("--user", default="root")
    p.set_defaults(do=ssh)
    p = commands.add_parser("build", help="make every image and mirror now")
    p.set_defaults(do=build)
    args = parser.parse_args()
    reason = needs.lacking()
    if reason:
        print(reason, file=sys.stderr)
        return 1
    if args.do in {up, rm}:
        with cache.locked("by-hand"):
            return int(args.do(Lab.by_hand(), args))
    return int(args.do(Lab.by_hand(), args))


if __name__ == "__main__":
    sys.exit(main())
