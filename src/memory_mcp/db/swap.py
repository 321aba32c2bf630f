"""Restores a backup beside a database, then exchanges their names: the old one stays until somebody drops it.

For administrators, and for a role that owns the database, may create databases and can have the extensions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from psycopg import errors, sql

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import exchange
from memory_mcp.db.connect import Connection, connect
from memory_mcp.db.exchange import Names
from memory_mcp.db.fill import Source, fill
from memory_mcp.errors import BusyError, ConfigurationError

# Through a transaction pooler the answer comes from another session than the one that was opened.
_MAY = """
SELECT r.rolsuper, r.rolcreatedb AND pg_has_role(d.datdba, 'USAGE'), pg_backend_pid()
FROM pg_roles AS r, pg_database AS d WHERE r.rolname = current_user AND d.datname = current_database()
"""
# any constant will do: the first 8 bytes of sha256("memory-mcp restore")
_KEY = 3_289_068_381_216_411_932
_BUSY_SECONDS = 60
# no right to it; template1 of another encoding, or in use; and, from inside the new database, an extension
_NOT_FOR_US = (
    errors.InsufficientPrivilege,
    errors.InvalidParameterValue,
    errors.ObjectInUse,
    ConfigurationError,
)


def may(connection: Connection) -> tuple[bool, bool]:
    """Whether this role is a superuser, and whether it may try to make a database and exchange the names."""
    row = connection.execute(_MAY).fetchone()
    if not row or row[2] != connection.info.backend_pid:
        return False, False
    return bool(row[0]), bool(row[0] or row[1])


def restore(target: DatabaseTarget, source: Source, superuser: bool) -> str | None:
    """Puts the backup in the place of the database of `target`; returns the old database's new name.

    None when the role may not make such a database after all; then nothing was changed. Raises BusyError when
    another restore is running, or somebody stays connected to the database.
    """
    names = exchange.names(target.parsed.database)
    with _maintenance(target) as connection:
        if connection is None:
            return None
        _alone(connection)
        _run_answers(connection, exchange.LEFTOVERS, names)
        try:
            if not _make(connection, target, names, superuser):
                return None
            beside = at(target, names.new)
            if superuser:
                source.restore(beside)
            else:
                fill(beside, source)
            _exchange(connection, names)
        except BaseException:
            connection.execute(_statement(exchange.DROP, names))
            raise
    return names.kept


def at(target: DatabaseTarget, database: str) -> DatabaseTarget:
    """The same role at another database of the server."""
    return replace(target, url=target.parsed.with_database(database).text)


@contextmanager
def _maintenance(target: DatabaseTarget) -> Iterator[Connection | None]:
    """A connection to a database that is not the one to rename; None when the role may connect to none."""
    try:
        with connect(at(target, "postgres")) as probe:
            probe.execute("SELECT 1")
    except ConfigurationError:  # no such database, or no right to connect
        yield None
        return
    with connect(at(target, "postgres"), "restoring") as connection:
        yield connection


def _alone(connection: Connection) -> None:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_KEY]).fetchone()
    if not row or not row[0]:
        raise BusyError("another restore is running on this server", "", "run it again when it has ended")


def _make(connection: Connection, target: DatabaseTarget, names: Names, superuser: bool) -> bool:
    """The empty database with the extensions; False when the role may not.

    An administrator's restore makes the extensions from the backup. Others have them where they may create
    them, or where the administrator has put them into template1.
    """
    for template in ("template0",) if superuser else ("template0", "template1"):
        try:
            _run_answers(connection, exchange.MAKE, names, template)
            if not superuser:
                with connect(target) as old, connect(at(target, names.new)) as new:
                    for row in old.execute(exchange.EXTENSIONS).fetchall():
                        new.execute(row[0].encode())
            return True
        except _NOT_FOR_US:
            connection.execute(_statement(exchange.DROP, names))
            if superuser:
                raise
    return False


def _exchange(connection: Connection, names: Names) -> None:
    """Exchanges the names as soon as nobody is connected."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            with connection.transaction():
                for text in exchange.EXCHANGE:
                    connection.execute(_statement(text, names))
            return
        except errors.ObjectInUse as error:
            if time.monotonic() > deadline:
                raise BusyError(
                    f"{names.old} cannot be renamed: {error.diag.message_detail or 'it is in use'}",
                    "somebody is connected whom this role may not send away; nothing was changed",
                    "stop them, or let an administrator run it",
                ) from None


def _run_answers(connection: Connection, query: str, names: Names, template: str = "template0") -> None:
    """Runs the statements that a query returns."""
    literals = {"old": names.old, "new": names.new, "prefix": names.prefix, "template": template}
    filled = sql.SQL(query).format(**{key: sql.Literal(value) for key, value in literals.items()})
    for row in connection.execute(filled).fetchall():
        connection.execute(row[0].encode())


def _statement(text: str, names: Names) -> sql.Composed:
    identifiers = {"old_name": names.old, "new_name": names.new, "kept_name": names.kept}
    return sql.SQL(text).format(
        old=sql.Literal(names.old),
        new=sql.Literal(names.new),
        **{key: sql.Identifier(value) for key, value in identifiers.items()},
    )
