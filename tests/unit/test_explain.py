"""Texts of PostgreSQL, each with its cause and fix."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from memory_mcp.db import connect, explain
from memory_mcp.errors import BusyError, ConfigurationError, MemoryMcpError, RefusedError, UnreachableError


@pytest.mark.parametrize(
    ("text", "kind", "fix"),
    [
        ('FATAL:  password authentication failed for user "u"', ConfigurationError, "password"),
        ('FATAL:  database "x" does not exist', ConfigurationError, "URL"),
        ("FATAL:  sorry, too many clients already", BusyError, "max_connections"),
        ("FATAL:  the database system is starting up", UnreachableError, "db wait"),
        (
            'FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", no encryption',
            ConfigurationError,
            "sslmode",
        ),
        ("server does not support SSL, but SSL was required", ConfigurationError, "sslmode=disable"),
        ("SSL error: certificate verify failed", ConfigurationError, "sslrootcert"),
        ("failed to resolve host 'nope': Name or service not known", UnreachableError, "host"),
        (
            'connection to server at "h", port 1 failed: Connection refused',
            UnreachableError,
            "start PostgreSQL",
        ),
        ("connection timeout expired", UnreachableError, "5432"),
        ("FATAL:  Tenant or user not found", ConfigurationError, "console"),
        ("something nobody has ever seen", UnreachableError, "URL"),
    ],
)
def test_a_failed_connection_has_a_cause_and_a_fix(text, kind, fix):
    error = explain.connecting(text, "d at h:5432")
    assert type(error) is kind
    assert error.seen == "cannot connect to d at h:5432"
    assert fix in error.fix


def test_the_servers_own_answer_beats_the_last_attempt():
    text = 'connection to "::1" failed: Connection refused\nFATAL:  password authentication failed for user "u"'
    assert "password" in explain.connecting(text, "d").why


def test_no_secret_survives():
    error = explain.connecting("failed to resolve host 'hunter2@h' postgresql://u:hunter2@h/d", "d", "hunter2")
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("state", "text", "kind", "fix"),
    [
        (
            "42501",
            'permission denied to create extension "vector"',
            ConfigurationError,
            "CREATE EXTENSION vector",
        ),
        ("42501", "permission denied for schema public", ConfigurationError, "OWNER"),
        ("42501", "must be owner of table memories", ConfigurationError, "REASSIGN"),
        ("0A000", 'extension "vector" is not available', ConfigurationError, "pgvector"),
        ("42704", 'type "vector" does not exist', ConfigurationError, "CREATE EXTENSION"),
        ("25006", "cannot execute CREATE TABLE in a read-only transaction", RefusedError, "primary"),
        ("42P07", 'relation "memories" already exists', RefusedError, "db baseline"),
        ("42P01", 'relation "memory_usage_log" does not exist', MemoryMcpError, "db migrate"),
        ("55P03", "canceling statement due to lock timeout", BusyError, "again"),
        ("53100", "could not extend file: No space left on device", MemoryMcpError, "space"),
        (None, "server closed the connection unexpectedly", UnreachableError, "again"),
        ("57P01", "terminating connection due to administrator command", UnreachableError, "again"),
    ],
)
def test_a_failed_statement_has_a_cause_and_a_fix(state, text, kind, fix):
    error = explain.running(state, text, "migrating")
    assert type(error) is kind
    assert error.seen == f"migrating: {text}"
    assert fix in error.fix


@pytest.mark.parametrize(("version", "refused"), [(140_021, True), (150_000, False), (180_004, False)])
def test_servers_older_than_15_are_refused(version, refused):
    """A stand-in for the connection: no server that old is at hand."""
    answer = SimpleNamespace(fetchone=lambda: (False,))
    old = SimpleNamespace(info=SimpleNamespace(server_version=version), execute=lambda _: answer)
    with pytest.raises(RefusedError, match="the server is PostgreSQL 14") if refused else nullcontext():
        connect.check_server(old)


def test_superuser_is_never_the_advice():
    texts = [explain.running("42501", 'permission denied to create extension "vector"', "x").fix]
    assert not [text for text in texts if "SUPERUSER" in text]
