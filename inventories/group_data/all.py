"""Settings for every host. All of them, with their defaults and meaning: docs/settings.md.

A line here is a setting's name and value, for example
    postgres_version = 16
A misspelt name is an error that names the nearest one.
"""

from memory_provision.transport import transport

# 7.5 ms a command instead of 51: see memory_provision/transport.py
ssh_paramiko_connect_kwargs = {"transport_factory": transport}
