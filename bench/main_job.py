"""The main job against the same steps by hand (bench/by_hand.sh), on bare Debian 12 machines, in one run.

    ./run python bench/main_job.py [ROUNDS]

Each round makes two fresh machines, one for the script and one for the toolkit, in turns. Printed are the
ratio of the medians, the time of a run that has nothing to do, and how many commands that ran. Needs what
tests/hosts needs.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.hosts.bed.lab import Lab
from tests.hosts.bed.machine import Machine, Make
from tests.hosts.facts import commands_run
from tests.hosts.provision import command, environment

from memory_provision.wheel import ROOT, server_wheel


def by_hand(machine: Machine) -> float:
    """Copy what the script needs, run it; seconds."""
    begun = time.monotonic()
    files = [
        ROOT / "bench/by_hand.sh",
        server_wheel().path,
        ROOT / "requirements/server.txt",
        ROOT / "migrations",
    ]
    target = f"root@{machine.ip}:/root/"
    subprocess.run(["scp", "-qr", "-F", str(machine.ssh_config), *map(str, files), target], check=True)
    done = machine.ssh("sh /root/by_hand.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic() - begun


def toolkit(machine: Machine, *options: str) -> tuple[float, str]:
    """The main job as a user runs it; seconds and what it said."""
    begun = time.monotonic()
    line = command(machine.inventory(), "-y", *options)
    done = subprocess.run(line, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - begun, done.stderr


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    hand, ours = [], []
    server_wheel()
    lab = Lab.open()
    try:
        for number in range(rounds):
            for name, seconds in (("hand", hand), ("toolkit", ours)):
                machine = Machine.create(lab, f"{name}{number}", Make("debian12", disk="4g"))
                seconds.append(by_hand(machine) if name == "hand" else toolkit(machine)[0])
                print(f"round {number + 1}: {name:8} {seconds[-1]:6.1f} s", flush=True)
                if name == "hand" or number < rounds - 1:
                    machine.destroy()
        again = statistics.median(toolkit(machine)[0] for _ in range(5))
        count = commands_run(toolkit(machine, "-vv")[1])
        machine.destroy()
    finally:
        lab.close()
    ratio = statistics.median(ours) / statistics.median(hand)
    print(f"bare machine: {statistics.median(ours):.1f} s, {ratio:.2f} × by hand (limit 1.3)")
    print(f"nothing to do: {again:.2f} s (limit 2.5), {count} commands (limit 40)")


if __name__ == "__main__":
    main()
