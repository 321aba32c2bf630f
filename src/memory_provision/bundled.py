"""What preflight decides where everything comes from an offline bundle. Pure."""

from __future__ import annotations

from memory_provision import embedded
from memory_provision.bundle import Bundle
from memory_provision.machine import Machine, ServerProgram
from memory_provision.manifest import BundleError, check_machine
from memory_provision.platforms import family_of
from memory_provision.settings import OLDEST_POSTGRES, Settings


def bundle_system(machine: Machine) -> str:
    """System, release and architecture (debian-12-x86_64): what has to be equal for a bundle's packages to fit.

    Minor releases of the RHEL family are updates of one release; a bundle brings what such an update needs.
    """
    release = machine.os_version.split(".")[0] if family_of(machine) == "rhel" else machine.os_version
    return f"{machine.os_id}-{release}-{machine.architecture}"


def check_kind(machine: Machine, settings: Settings, bundle: Bundle) -> None:
    """Is the bundle for machines like this one, and the version that is asked for? BundleError when not."""
    check_machine(bundle.manifest, bundle.name, bundle_system(machine), settings.postgres_version)
    if embedded.wanted(machine, settings):
        raise BundleError(
            f"{bundle.name} has packages, here the embedded server would be used",
            "packages are installed by root; the embedded server's wheel is in no bundle",
            "connect as root (ssh_user='root'), or allow the user sudo without a password",
        )


def choose_python(machine: Machine, settings: Settings, bundle: Bundle) -> tuple[str, str | None]:
    """(program, the package that is still to be installed for it): the Python that the wheels are for."""
    path, package, version = bundle.manifest.python
    if settings.server_python and settings.server_python != path:
        raise BundleError(
            f"server_python is {settings.server_python}",
            f"the wheels of the bundle are for {path} ({version})",
            "make the bundle with the same setting",
        )
    there = any(p.path == path and ".".join(map(str, p.version)) == version for p in machine.pythons)
    return path, None if there else package or None


def choose_server(
    machine: Machine, settings: Settings, bundle: Bundle
) -> tuple[int, ServerProgram | None, bool]:
    """(major, its program when it is installed already, is it the distribution's own?)."""
    major, held, wanted = bundle.manifest.major, bundle.manifest.source, settings.postgres_source
    there = {s.major: s for s in machine.servers if s.major >= OLDEST_POSTGRES}
    if (wanted == "existing" and major not in there) or (wanted not in ("auto", "existing", held)):
        raise BundleError(
            f"postgres_source is {wanted}, {bundle.name} has PostgreSQL {major} from: {held}",
            "nothing else can be had without a network",
            f"use --data postgres_source=auto, or make a bundle with --data postgres_source={wanted}"
            if wanted != "existing"
            else "use --data postgres_source=auto",
        )
    others = sorted(set(there) - {major})
    if others and major not in there and settings.postgres_version is None:
        raise BundleError(
            f"PostgreSQL {others[-1]} is installed here, {bundle.name} has {major}",
            "a second one beside it is only installed when it is asked for",
            f"use --data postgres_version={major} for that, or a bundle that was made with "
            f"--data postgres_version={others[-1]}",
        )
    return major, there.get(major), held == "distribution"
