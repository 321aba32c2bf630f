"""Restores a backup beside a database, then exchanges their names: the old one stays until somebody drops it.

For administrators: it creates a database, and renames one that others are connected to.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from psycopg import sql

from memory_mcp.config import DatabaseTarget
from memory_mcp.db import pgtools
from memory_mcp.db.connect import Connection, connect

# What belongs to a database and is not in its dump: who may connect, and settings of roles in it. The settings
# that are lists are stored quoted already.
_PROPERTIES = """
SELECT format('REVOKE ALL ON DATABASE %%I FROM PUBLIC', %(new)s::text) FROM pg_database
WHERE datname = %(old)s AND datacl IS NOT NULL
UNION ALL
SELECT format('GRANT %%s ON DATABASE %%I TO %%s', privilege_type, %(new)s::text,
              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)
FROM pg_database, aclexplode(datacl) WHERE datname = %(old)s
UNION ALL
SELECT format('ALTER %%s SET %%I TO %%s',
              CASE setrole WHEN 0 THEN format('DATABASE %%I', %(new)s::text)
                           ELSE format('ROLE %%s IN DATABASE %%I', setrole::regrole, %(new)s::text) END,
              split_part(setting, '=', 1),
              CASE WHEN split_part(setting, '=', 1) IN ('search_path', 'temp_tablespaces')
                   THEN substr(setting, strpos(setting, '=') + 1)
                   ELSE quote_literal(substr(setting, strpos(setting, '=') + 1)) END)
FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase, unnest(setconfig) AS setting
WHERE datname = %(old)s
"""
_DISCONNECT = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()
"""


def restore(target: DatabaseTarget, path: Path, major: int) -> str:
    """Puts the backup in the place of the database of `target`; returns the old database's new name."""
    name = target.parsed.database
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d%H%M%S")
    fresh, kept = f"{name[:40]}_restore_{stamp}", f"{name[:40]}_before_{stamp}"
    with connect(_at(target, "postgres"), "restoring") as connection:
        _create(connection, fresh, like=name)
        try:
            program = pgtools.find("pg_restore", major)
            pgtools.run([program, "--exit-on-error", str(path)], _at(target, fresh))
            _rename(connection, name, kept)
        except BaseException:
            connection.execute(_statement("DROP DATABASE {} WITH (FORCE)", fresh))
            raise
        _rename(connection, fresh, name)
    return kept


def _create(connection: Connection, name: str, like: str) -> None:
    """An empty database with the owner, privileges and settings of another one."""
    owner = connection.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [like]
    ).fetchone()
    connection.execute(
        _statement("CREATE DATABASE {} OWNER {} TEMPLATE template0", name, str(owner and owner[0]))
    )
    for row in connection.execute(_PROPERTIES, {"old": like, "new": name}).fetchall():
        connection.execute(row[0].encode())


def _rename(connection: Connection, old: str, new: str) -> None:
    """Renames a database that others may be connected to: nobody gets in, everybody out, then the name."""
    connection.execute(_statement("ALTER DATABASE {} ALLOW_CONNECTIONS false", old))
    try:
        connection.execute(_DISCONNECT, [old])
        connection.execute(_statement("ALTER DATABASE {} RENAME TO {}", old, new))
    except BaseException:
        connection.execute(_statement("ALTER DATABASE {} ALLOW_CONNECTIONS true", old))
        raise
    connection.execute(_statement("ALTER DATABASE {} ALLOW_CONNECTIONS true", new))


def _statement(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))


def _at(target: DatabaseTarget, database: str) -> DatabaseTarget:
    return replace(target, url=target.parsed.with_database(database).text)
