"""deploys/windows.py: the kit, written to a folder of the controller."""

from __future__ import annotations

from pyinfra.context import host

from memory_mcp.errors import MemoryMcpError
from memory_provision.commands import refuse
from memory_provision.operations.local_files import local_files
from memory_provision.settings import Settings
from memory_provision.windows_kit import SCRIPT, kit


def windows() -> None:
    """Write it, and say how to run it there."""
    try:
        settings = Settings.from_data(host.data.dict())
        files = kit(settings)
    except MemoryMcpError as error:
        refuse(host, str(error).splitlines())
        host.state.fail_hosts({host})
        return
    local_files(name="Kit for Windows", folder=settings.windows_kit, files=files)
    host.log(f"Copy {settings.windows_kit} to the machine; there, in a PowerShell run as administrator:")
    host.log(f"  powershell -ExecutionPolicy Bypass -File .\\{SCRIPT} -DryRun")
