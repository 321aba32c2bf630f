"""Few, fat facts: each one round trip, exit status 0 always, so that a dry run works on a bare machine."""

from __future__ import annotations

from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host

from memory_provision import machine, programs, report
from memory_provision.machine import Machine
from memory_provision.report import Report
from memory_provision.settings import OLDEST_POSTGRES, Settings

# python3 may still be missing: then nothing is known, which is not an error.
CHECK_PYTHON = "if [ -x /usr/bin/python3 ]; then /usr/bin/python3 - 2>&1 || true; else cat >/dev/null; fi"
CHECK_SHELL = "sh -s 2>&1 || true"
UNKNOWN = "unknown until Python is installed"
RUN_PYTHON = "exec /usr/bin/python3 -"
RUN_SHELL = "exec sh -s"


class MachineFact(FactBase[Machine]):
    """Operating system, rights, disk, servers, clusters, ports, reachability."""

    def command(self) -> str:
        """Reads from standard input, so that no argument list holds anything."""
        return CHECK_SHELL

    @staticmethod
    def default() -> Machine:
        """Nothing is known."""
        return Machine()

    def process(self, output: list[str]) -> Machine:
        """See machine.parse."""
        return machine.parse(output)


class PythonCheck(FactBase[Report]):
    """What a Python host program would change."""

    def command(self) -> str:
        """Reads from standard input, so that no argument list holds anything."""
        return CHECK_PYTHON

    @staticmethod
    def default() -> Report:
        """Before there is a Python on the host, or with nothing said."""
        return Report(changes=[UNKNOWN])

    def process(self, output: list[str]) -> Report:
        """See report.parse."""
        return report.parse(output)


class ShellCheck(PythonCheck):
    """What a shell host program would change."""

    def command(self) -> str:
        """Reads from standard input, so that no argument list holds anything."""
        return CHECK_SHELL

    @staticmethod
    def default() -> Report:
        """Before there is a Python on the host, or with nothing said."""
        return Report()


def read_machine(host: Host, settings: Settings) -> Machine:
    """The machine itself, as the user we connect as."""
    script = programs.shell_program(
        "machine",
        {
            "PGDG_URL": settings.pgdg_apt_url,
            "INSTALL_DIR": settings.install_dir,
            "MINIMUM": str(OLDEST_POSTGRES),
        },
    )
    found: Machine = host.get_fact(MachineFact, _stdin=script)
    return found


def check(host: Host, fact: type[PythonCheck], program: programs.Stdin) -> Report:
    """Ask one host program what it would change; a host that went away is a trouble like any other."""
    try:
        return host.get_fact(fact, _stdin=program)
    except PyinfraError as error:
        return Report(trouble=(f"{host.name} does not answer any more", str(error), "run again when it does"))
