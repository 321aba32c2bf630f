"""The server's configuration files. Pure."""

from __future__ import annotations

from typing import Final

OURS: Final = "conf.d/00-embedded.conf"
INCLUDE: Final = "include_dir = 'conf.d'"

HBA: Final = """\
# Written by memory-mcp. Everybody gives a password, also the administrator and also on this machine.
# TYPE  DATABASE  USER  ADDRESS       METHOD
host    all       all   127.0.0.1/32  scram-sha-256
host    all       all   ::1/128       scram-sha-256
"""

# Sizes are for a laptop: 100,000 memories of 1536 dimensions take about 1 GB on disk.
_SETTINGS: Final = """\
# Written by memory-mcp at every start; other files of this folder are read after it.
listen_addresses = '127.0.0.1'
port = {port}
# No Unix socket: its path would be too long in many home directories (107 bytes; macOS: 103), and a place
# for it in /tmp could be taken by somebody else.
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
cluster_name = 'memory-mcp'
shared_buffers = '64MB'
maintenance_work_mem = '128MB'
max_connections = 50
max_wal_size = '256MB'
# At most {kept} log files of {size} MB are kept. Statements are not logged: they hold memories.
logging_collector = on
log_filename = 'server-%Y%m%d-%H%M%S.log'
log_rotation_age = 0
log_rotation_size = '{size}MB'
log_checkpoints = off
log_min_error_statement = panic
"""

LOG_FILES: Final = 5
LOG_MEGABYTES: Final = 4


def settings(port: int) -> str:
    """The text of our file."""
    return _SETTINGS.format(port=port, kept=LOG_FILES, size=LOG_MEGABYTES)


def with_include(text: str) -> str:
    """postgresql.conf, reading the folder that our file is in."""
    lines = (line.split("#")[0].replace(" ", "") for line in text.splitlines())
    return text if INCLUDE.replace(" ", "") in lines else text.rstrip("\n") + f"\n{INCLUDE}\n"
