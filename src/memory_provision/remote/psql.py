"""The administrator's psql on the host: SQL over standard input, answers as JSON."""

from __future__ import annotations

import json
from typing import Any

from memory_provision.remote.base import Trouble, run


class Psql:
    """psql as the cluster's administrator, over its socket (peer authentication) or with a password file.

    `admin`: socket (its folder, or a host), user (the account of the operating system; None: who we are),
    role (the one in the database), passfile (libpq's password file, where there is one).
    """

    def __init__(self, bindir: str, port: int, admin: dict[str, str | None]) -> None:
        self.bindir, self.port = bindir, port
        self.socket, self.user, self.role = admin["socket"] or "", admin["user"], admin["role"] or ""
        self.passfile = admin.get("passfile")

    def ready(self) -> bool:
        """Does the server accept connections?"""
        try:
            done = run([f"{self.bindir}/pg_isready", "-q", "-h", self.socket, "-p", str(self.port)])
        except FileNotFoundError:
            return False
        return done.returncode == 0

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run statements, each in its own transaction unless they say BEGIN; Trouble on the first error.

        What psql prints of an error could quote the statement, and a statement can hold a verifier: only the
        lines that name the error are passed on.
        """
        argv = [f"{self.bindir}/psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse"]
        argv += ["-h", self.socket, "-p", str(self.port), "-U", self.role, "-d", database, "-f", "-"]
        clean = dict.fromkeys(("PGOPTIONS", "PGSERVICE", "PGPASSWORD", "PGSSLMODE", "PGHOSTADDR"))
        known = {**clean, "PGPASSFILE": self.passfile, "PGCLIENTENCODING": "UTF8"}
        done = run(argv, stdin=_unlogged(sql), user=self.user, env=known)
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if "ERROR:" in line or "FATAL:" in line]
            raise Trouble(
                f"PostgreSQL refused a statement in database {database}",
                "; ".join(line.split(": ", 1)[-1] for line in errors) or "psql said nothing of it",
                f"look at the server's log (port {self.port})",
            )
        return done.stdout

    def json(self, sql: str, database: str = "postgres") -> Any:
        """The one JSON value that a query returns."""
        text = self.execute(sql, database).strip()
        return json.loads(text) if text else None


def _unlogged(sql: str) -> str:
    """The server's log must not repeat what we send: a role's verifier could be in it."""
    return (
        "SET log_statement = 'none'; SET log_min_duration_statement = -1;\n"
        "SET log_min_error_statement = panic;\n" + sql
    )


def administrator(request: dict[str, Any], port: int | None = None) -> Psql:
    """For the cluster of a request (bindir, port, admin), or the same at another port."""
    return Psql(request["bindir"], port or request["port"], request["admin"])


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted SQL string, whatever standard_conforming_strings says."""
    quoted = "'" + text.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted
