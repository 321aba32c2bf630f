"""Few, fat facts: each one round trip, exit status 0 always, so that a dry run works on a bare machine."""

from __future__ import annotations

import shlex
from typing import Any

from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host

from memory_provision import machine, programs, report
from memory_provision.cas import ca_certificates
from memory_provision.machine import Machine
from memory_provision.report import Report
from memory_provision.settings import OLDEST_POSTGRES, Settings

CHECK_SHELL = "sh -s 2>&1 || true"
UNKNOWN = "unknown until Python is installed"
RUN_SHELL = "exec sh -s"


def check_python(python: str) -> str:
    """Run a check with this interpreter; it may still be missing: then nothing is known, which is no error."""
    name = shlex.quote(python)
    return f"if [ -x {name} ]; then {name} - 2>&1 || true; else cat >/dev/null; fi"


def run_python(python: str) -> str:
    """Run a program with it."""
    return f"exec {shlex.quote(python)} -"


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

    def command(self, python: str) -> str:
        """Reads from standard input, so that no argument list holds anything."""
        return check_python(python)

    @staticmethod
    def default() -> Report:
        """Before there is a Python on the host, or with nothing said."""
        return Report(changes=[UNKNOWN])

    def process(self, output: list[str]) -> Report:
        """See report.parse."""
        return report.parse(output)


class FileThere(FactBase[bool]):
    """Is there such a file? As root, for folders that nobody else can look into."""

    def command(self, path: str) -> str:
        """The path is no secret."""
        return f"test -e {shlex.quote(path)} && echo yes || true"

    @staticmethod
    def default() -> bool:
        """No."""
        return False

    def process(self, output: list[str]) -> bool:
        """See command."""
        return output == ["yes"]


class ShellCheck(FactBase[Report]):
    """What a shell host program would change."""

    def command(self) -> str:
        """Reads from standard input, so that no argument list holds anything."""
        return CHECK_SHELL

    @staticmethod
    def default() -> Report:
        """With nothing said."""
        return Report()

    def process(self, output: list[str]) -> Report:
        """See report.parse."""
        return report.parse(output)


def read_machine(host: Host, settings: Settings, probe: str = "auto") -> Machine:
    """The machine itself, as the user we connect as; `probe`: is the network asked (auto, always, never)?"""
    script = programs.shell_program(
        "machine",
        {
            "PGDG_APT_URL": settings.pgdg_apt_url,
            "PGDG_ARCHIVE_URL": settings.pgdg_apt_archive_url,
            "PGDG_YUM_URL": settings.pgdg_yum_url,
            "INSTALL_DIR": settings.install_dir or "",
            "WANTED": str(settings.postgres_version or ""),
            "MINIMUM": str(OLDEST_POSTGRES),
            "SOURCE": settings.postgres_source,
            "PROBE": probe,
            "PROXY": settings.proxy or "",
            "CAS": ca_certificates(settings.ca_files),
        },
    )
    found: Machine = host.get_fact(MachineFact, _stdin=script)
    return found


def check_with_python(host: Host, python: str, program: programs.Stdin) -> Report:
    """Ask one Python host program what it would change."""
    return _check(host, PythonCheck, program, python=python)


def check_with_shell(host: Host, program: programs.Stdin) -> Report:
    """Ask one shell host program what it would change."""
    return _check(host, ShellCheck, program)


def _check(host: Host, fact: type[FactBase[Report]], program: programs.Stdin, **arguments: Any) -> Report:
    """A host that went away is a trouble like any other."""
    try:
        found: Report = host.get_fact(fact, _stdin=program, **arguments)
    except PyinfraError as error:
        return Report(trouble=(f"{host.name} does not answer any more", str(error), "run again when it does"))
    return found
