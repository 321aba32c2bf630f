"""Checks of the way to the database: name, port, connection, encryption."""

from __future__ import annotations

import socket

from memory_mcp.config import DatabaseTarget
from memory_mcp.db.connect import Connection, open_connection
from memory_mcp.doctor.result import Result, fail, ok, warn
from memory_mcp.embedded import autostart
from memory_mcp.errors import UnreachableError

SECONDS = 5.0


def dns(target: DatabaseTarget) -> Result:
    """Does the host have an address?"""
    host, port = target.parsed.hosts[0]
    if host.startswith("/"):
        return ok("dns", f"{host} is a folder of sockets")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        why = str(error.strerror or error)
        return fail(
            "dns", UnreachableError(f"{host} has no address", why, "correct the host in the URL, or the DNS")
        )
    addresses = sorted({str(entry[4][0]) for entry in found})
    return ok("dns", f"{host} is {', '.join(addresses[:4])}")


def tcp(target: DatabaseTarget) -> Result:
    """Does something listen there?"""
    host, port = target.parsed.hosts[0]
    try:
        if host.startswith("/"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(SECONDS)
                connection.connect(f"{host}/.s.PGSQL.{port}")
        else:
            socket.create_connection((host, port), SECONDS).close()
    except OSError as error:
        why = str(error.strerror or error)
        fix = "start PostgreSQL there, or open the port in the firewall"
        trouble = UnreachableError(f"{host}:{port} does not answer", why, fix)
        return fail("tcp", autostart.advised(trouble, target))
    return ok("tcp", f"{host}:{port} answers")


def connect(target: DatabaseTarget) -> tuple[Result, Connection]:
    """Does the server let us in? Raises what `open_connection` raises."""
    connection = open_connection(target)
    return ok("login", f"{connection.info.user} may use {connection.info.dbname}"), connection


def tls(target: DatabaseTarget, connection: Connection) -> Result:
    """Is what leaves this machine encrypted, and the server's name proved?"""
    url = target.parsed
    if url.is_local:
        return ok("tls", "not needed: the connection stays on this machine")
    if not connection.pgconn.ssl_in_use:
        why = "passwords and memories cross the network readably"
        return warn("tls", "the connection is not encrypted", why, "add ?sslmode=verify-full to the URL")
    if url.parameters.get("sslmode") not in {"verify-ca", "verify-full"}:
        why = "encrypted, but anybody on the way could pretend to be the server"
        return warn("tls", "the server's certificate is not checked", why, "set sslmode=verify-full in the URL")
    return ok("tls", "encrypted, and the certificate is checked")


def pooler(connection: Connection) -> Result:
    """Is a transaction pooler between? That is fine, and good to know."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    direct = bool(row and row[0] == connection.info.backend_pid)
    return ok("pooler", "a direct connection" if direct else "a connection pooler is between (supported)")
