"""Errors of the server's own statements; what they share with migrations is explained in `db.explain`."""

from __future__ import annotations

import psycopg
from psycopg import errors as pg
from psycopg_pool import PoolTimeout

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import explain as known
from memory_mcp.db.connect import where
from memory_mcp.embedded import autostart
from memory_mcp.errors import BusyError, ConfigurationError, MemoryMcpError
from memory_mcp.urls import redact


def explain(error: psycopg.Error, target: DatabaseTarget) -> MemoryMcpError:
    """Give the error to show for what psycopg raised; it names the database without its password."""
    place = where(target)
    if isinstance(error, pg.UndefinedTable | pg.UndefinedColumn):
        seen = f"{place} does not have the memory tables that this server needs"
        return ConfigurationError(seen, redact(str(error).splitlines()[0]), "memory-mcp db migrate")
    if isinstance(error, pg.DeadlockDetected):
        return BusyError(f"{place} stopped two changes that waited for each other", "", "try again")
    if isinstance(error, PoolTimeout):
        return BusyError(f"every connection of this server to {place} is in use", "", "try again")
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return autostart.advised(known.connecting(str(error), place, target.parsed.password), target)
    return known.running(error.sqlstate, str(error), place)
