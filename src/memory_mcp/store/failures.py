"""What psycopg says, as what was seen, why, and what mends it. Nothing here repeats a password."""

from __future__ import annotations

from typing import Final, TypeAlias

import psycopg
from psycopg import errors as pg

from memory_mcp.errors import BusyError, ConfigurationError, MemoryMcpError, RefusedError, UnreachableError
from memory_mcp.urls import redact

# the first word that is found in the message decides; connection failures carry no SQLSTATE in psycopg
_CONNECTING: Final = (
    ("password authentication failed", "the password or the role is wrong", "memory-mcp doctor"),
    ("no pg_hba.conf entry", "the server does not let this machine or role in", "memory-mcp doctor"),
    ("does not exist", "the server runs, but without this database or role", "memory-mcp doctor"),
    ("starting up", "the server is still starting", "try again in a few seconds"),
    ("too many clients", "all connection slots are taken", "close other clients, or raise max_connections"),
    ("remaining connection slots", "all connection slots are taken", "close other clients, or use a pooler"),
    ("certificate", "the server's certificate is not trusted", "add sslrootcert=/path/ca.pem to the URL"),
    ("does not support SSL", "the URL asks for TLS, the server has none", "memory-mcp doctor"),
    ("refused", "nothing listens there: PostgreSQL is not running, or on another port", "memory-mcp doctor"),
    ("resolve", "the host name is unknown", "check the host in projects.json or DATABASE_URL"),
    ("couldn't get a connection", "every connection of this server is busy", "try again"),
    ("timeout", "no answer in time: host down, firewall, or a database that sleeps", "memory-mcp doctor"),
)

_Row: TypeAlias = tuple[tuple[type[psycopg.Error], ...], type[MemoryMcpError], str, str, str]
_STATEMENTS: Final[tuple[_Row, ...]] = (
    (
        (pg.UndefinedTable, pg.UndefinedColumn),
        ConfigurationError,
        "does not have the memory tables that this server needs",
        "",
        "memory-mcp db migrate",
    ),
    (
        (pg.UndefinedFunction, pg.UndefinedObject),
        ConfigurationError,
        "does not know vectors",
        "pgvector is missing or in a schema off the search_path: ",
        "memory-mcp doctor",
    ),
    (
        (pg.InsufficientPrivilege,),
        RefusedError,
        "refuses",
        "",
        "memory-mcp doctor shows the missing privileges",
    ),
    (
        (pg.ReadOnlySqlTransaction,),
        RefusedError,
        "is read-only",
        "",
        "use the URL of the primary, not of a replica",
    ),
    (
        (pg.QueryCanceled, pg.LockNotAvailable, pg.DeadlockDetected),
        BusyError,
        "gave up on a statement",
        "",
        "try again",
    ),
)


def explain(error: psycopg.Error, where: str) -> MemoryMcpError:
    """Give the error to show for `error`; `where` names the database without its password."""
    text = redact(_first_line(error))
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return _connecting(text, where)
    for kinds, make, seen, why, fix in _STATEMENTS:
        if isinstance(error, kinds):
            return make(f"{where} {seen}", f"{why}{text}", fix)
    return MemoryMcpError(f"{where} reported an error", f"{error.sqlstate or '?'}: {text}", "memory-mcp doctor")


def _connecting(text: str, where: str) -> UnreachableError:
    for word, why, fix in _CONNECTING:
        if word in text:
            return UnreachableError(f"{where} cannot be reached", f"{why} ({text})", fix)
    return UnreachableError(f"{where} cannot be reached", text, "memory-mcp doctor")


def _first_line(error: psycopg.Error) -> str:
    """Take the line that says most: with several addresses the headline is only the last attempt's.

    The server's own FATAL outranks every other line, because it got furthest.
    """
    lines = [line.strip(" -") for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "FATAL" in line or "ERROR" in line]
    return (told or lines or [type(error).__name__])[0][:300]
