"""What the server wrote into its log files, and how many of them are kept."""

from __future__ import annotations

import re
from pathlib import Path

from memory_mcp.embedded.conf import LOG_FILES, LOG_MEGABYTES
from memory_mcp.embedded.directory import Cluster

# the reason of a FATAL line is often in a LOG line before it: a setting, an address
_REASON = re.compile(
    r"(?:FATAL|PANIC|HINT|ERROR):.*|LOG:\s+(?:invalid|unrecognized|syntax|could not|parameter).*"
)
_NO_REASON = "Future log output"


def newest(cluster: Cluster) -> Path:
    """The file to read first."""
    files = sorted(cluster.logs.glob("server-*.log"))
    return files[-1] if files else cluster.start_log


def cause(cluster: Cluster, since: dict[Path, int]) -> str:
    """The lines that say why the server did not start; `since` are the files' sizes before it was tried."""
    said: list[str] = []
    for path in (cluster.start_log, *sorted(cluster.logs.glob("server-*.log"))):
        try:
            fresh = path.read_bytes()[since.get(path, 0) :].decode(errors="replace")
        except OSError:
            continue
        said += [line for line in fresh.splitlines() if line.strip() and _NO_REASON not in line]
    reasons = [found[0] for line in said if (found := _REASON.search(line))]
    return "; ".join(list(dict.fromkeys(reasons))[-4:]) or "; ".join(said[-2:])


def sizes(cluster: Cluster) -> dict[Path, int]:
    """How long each log file is now."""
    files = [cluster.start_log, *cluster.logs.glob("server-*.log")]
    return {path: path.stat().st_size for path in files if path.exists()}


def prune(cluster: Cluster) -> None:
    """Keep the newest files; the server itself begins a new one when one is full."""
    for path in sorted(cluster.logs.glob("server-*.log"))[:-LOG_FILES]:
        path.unlink(missing_ok=True)
    if cluster.start_log.exists() and cluster.start_log.stat().st_size > LOG_MEGABYTES << 20:
        cluster.start_log.replace(cluster.start_log.with_suffix(".log.old"))
