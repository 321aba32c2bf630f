"""PostgreSQL's error texts turned into cause and fix. No I/O.

psycopg gives no SQLSTATE when a connection fails, and with several addresses its headline is the last attempt,
which may hide the server's own answer: so texts are searched line by line, the server's FATAL lines first.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from memory_mcp.errors import BusyError, ConfigurationError, MemoryMcpError, RefusedError, UnreachableError
from memory_mcp.urls import redact


class Cause(NamedTuple):
    """One known text, and what to say about it."""

    pattern: str
    error: type[MemoryMcpError]
    why: str
    fix: str


CONNECTING = (
    Cause(
        r"password authentication failed|no password supplied|SCRAM",
        ConfigurationError,
        "the server does not accept this user's password",
        "correct the password in projects.json or DATABASE_URL; the deploy sets it again: run it",
    ),
    Cause(
        r"Tenant or user not found",
        ConfigurationError,
        "the pooler knows no such user: they are named USER.PROJECT, and each pooler host serves one region",
        "copy the URL from the provider's console again",
    ),
    Cause(
        r"no pg_hba.conf entry.*no encryption|SSL connection is required|requires? (SSL|TLS)",
        ConfigurationError,
        "the server only talks over an encrypted connection",
        "add ?sslmode=require to the URL",
    ),
    Cause(
        r"no pg_hba.conf entry",
        ConfigurationError,
        "the server does not let this user in from this address (pg_hba.conf)",
        "allow it on the server: the setting that lists the allowed networks, then run the deploy",
    ),
    Cause(
        r'role ".*" does not exist', ConfigurationError, "no such user", "run the deploy, or correct the URL"
    ),
    Cause(
        r'database ".*" does not exist',
        ConfigurationError,
        "no such database",
        "run the deploy, or correct the URL",
    ),
    Cause(
        r"permission denied for database", ConfigurationError, "the user may not connect", "GRANT CONNECT to it"
    ),
    Cause(
        r"too many clients|remaining connection slots|too many connections|max_client_conn|MaxClients",
        BusyError,
        "every connection that the server allows is in use",
        "close other clients, or raise max_connections",
    ),
    Cause(
        r"starting up|not yet accepting|shutting down|in recovery mode",
        UnreachableError,
        "the server is starting or stopping",
        "wait for it: memory-mcp db wait",
    ),
    Cause(
        r"server does not support SSL",
        ConfigurationError,
        "the server has no TLS, and the URL asks for it (a remote host gets sslmode=require by default)",
        "switch TLS on at the server; on a trusted network, add ?sslmode=disable to the URL",
    ),
    Cause(
        r"certificate verify failed|self-signed certificate|root certificate file .* does not exist",
        ConfigurationError,
        "the server's certificate is not signed by a CA that this machine trusts",
        "download the provider's CA file and add &sslrootcert=/path/to/it to the URL",
    ),
    Cause(
        r"server certificate for .* does not match|hostname mismatch",
        ConfigurationError,
        "the certificate is made out to another host name",
        "use the host name that the provider shows, not an address",
    ),
    Cause(
        r"could not translate host name|failed to resolve host|Name or service not known|nodename nor servname",
        UnreachableError,
        "no such host name, or no DNS",
        "correct the host in the URL",
    ),
    Cause(
        r"Connection refused|No such file or directory",
        UnreachableError,
        "nothing listens there",
        "start PostgreSQL (Linux: systemctl start postgresql; macOS: brew services start postgresql@15)",
    ),
    Cause(
        r"timeout expired|timed out|No route to host|Network is unreachable|unreachable host",
        UnreachableError,
        "no answer: a firewall, a wrong address, or a host that is off",
        "check the address, and that port 5432 is open from here",
    ),
    Cause(
        r"closed the connection unexpectedly|terminating connection|Connection reset|connection is lost",
        UnreachableError,
        "the server, or a proxy before it, ended the connection",
        "look into the server's log, then try again",
    ),
)

_INSTALL = "install its package on the server (Debian: postgresql-15-pgvector; PGDG on EL: pgvector_15)"

# by SQLSTATE; the pattern must also match the text
RUNNING = {
    "0A000": Cause(
        r"extension .* is not available",
        ConfigurationError,
        "the extension is not installed on the server",
        _INSTALL,
    ),
    "58P01": Cause(
        r"extension control file",
        ConfigurationError,
        "the extension is not installed on the server",
        _INSTALL,
    ),
    "25006": Cause(
        r"",
        RefusedError,
        "this server is read-only: a replica or a read-only endpoint",
        "use the primary's URL",
    ),
    "42P01": Cause(
        r'relation "(memories|memory_(indexes|relationships|usage_log))" does not exist',
        MemoryMcpError,
        "the tables are not there",
        "make them: memory-mcp db migrate",
    ),
    "42P07": Cause(
        r"",
        RefusedError,
        "the object exists: the schema was made by hand before",
        "adopt it: memory-mcp db baseline",
    ),
    "55P03": Cause(
        r"",
        BusyError,
        "another session holds a lock on the table",
        "run the same command again when it has finished",
    ),
    "57014": Cause(
        r"",
        BusyError,
        "the statement was cancelled or reached its time limit",
        "raise statement_timeout for this role",
    ),
    "53100": Cause(
        r"", MemoryMcpError, "the server's disk is full", "free some space there, then run it again"
    ),
    "53300": Cause(
        r"", BusyError, "every connection is in use", "close other clients, or raise max_connections"
    ),
    "22000": Cause(
        r"expected \d+ dimensions",
        ConfigurationError,
        "the embedding model and the column have different dimensions",
        "set MEMORY_EMBEDDING_MODEL to the model that the memories were made with",
    ),
    "54000": Cause(
        r"dimensions for (hnsw|ivfflat) index",
        ConfigurationError,
        "pgvector indexes a vector of at most 2000 dimensions",
        "index a halfvec cast: memory-mcp db tune",
    ),
}
# 42501 and 42704 need the text to tell what is missing
_BY_TEXT = (
    Cause(
        r'permission denied to create extension "(?P<name>\w+)"',
        ConfigurationError,
        "only an administrator may create it",
        "let the administrator run: CREATE EXTENSION {name}; (never make the application a superuser)",
    ),
    Cause(
        r"permission denied for schema (?P<name>\w+)",
        ConfigurationError,
        "since PostgreSQL 15 only a database's owner may create tables there",
        "let the administrator run: ALTER DATABASE … OWNER TO the user of the URL",
    ),
    Cause(
        r"permission denied for database",
        ConfigurationError,
        "the role may not create the schema that holds the record of migrations",
        "let the administrator run: ALTER DATABASE … OWNER TO the user of the URL",
    ),
    Cause(
        r"must be owner of|permission denied for (table|relation|sequence|function)",
        ConfigurationError,
        "the object belongs to another role",
        "let the administrator run: REASSIGN OWNED BY that role TO the user of the URL",
    ),
    Cause(
        r'type "(vector|halfvec)" does not exist|operator does not exist: .*vector|operator class "vector',
        ConfigurationError,
        "pgvector is not created in this database, or its schema is not on the search_path",
        "let the administrator run: CREATE EXTENSION vector; and GRANT USAGE on its schema",
    ),
)


def connecting(text: str, where: str, *secrets: str) -> MemoryMcpError:
    """The error for a connection that failed with `text`; `where` names the database without its password."""
    lines = [line.strip() for line in redact(text, *secrets).splitlines() if line.strip()]
    lines.sort(key=lambda line: "FATAL" not in line and "ERROR" not in line)  # the server's own words first
    for line in lines:
        for cause in CONNECTING:
            if re.search(cause.pattern, line, re.IGNORECASE):
                return cause.error(f"cannot connect to {where}", f"{cause.why} ({_short(line)})", cause.fix)
    return UnreachableError(
        f"cannot connect to {where}",
        _short(lines[0]) if lines else "no reason was given",
        "check the URL and the server",
    )


def running(sqlstate: str | None, text: str, doing: str) -> MemoryMcpError:
    """The error for a statement that failed; `doing` says what was being done."""
    headline = _short(redact(text.strip().splitlines()[0] if text.strip() else "no reason was given"))
    known = RUNNING.get(sqlstate or "")
    candidates = [*([known] if known else []), *_BY_TEXT]
    for cause in candidates:
        match = re.search(cause.pattern, text)
        if match:
            return cause.error(f"{doing}: {headline}", cause.why, cause.fix.format(**match.groupdict()))
    if sqlstate is None or sqlstate[:2] in {"08", "57"}:
        return UnreachableError(f"{doing}: {headline}", "the connection was lost", "run the same command again")
    return MemoryMcpError(f"{doing}: {headline}", f"PostgreSQL answered with SQLSTATE {sqlstate}")


def _short(line: str) -> str:
    """Without the address that libpq repeats in front of every answer."""
    line = re.sub(
        r'^(connection failed: )?connection to server (at|on socket) "[^"]*"(, port \d+)? failed: ', "", line
    )
    return line.removeprefix("FATAL:").removeprefix("ERROR:").strip()[:300]
