"""Checks of the server and the database: version, rights, extension, schema, room."""

from __future__ import annotations

from memory_mcp.config import Settings
from memory_mcp.db import catalog, files, status, verify
from memory_mcp.db.compare import differences
from memory_mcp.db.connect import Connection, check_server
from memory_mcp.doctor.result import Result, fail, ok, warn
from memory_mcp.errors import ConfigurationError, MemoryMcpError

KNOWN_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-ada-002": 1536,
    "text-embedding-3-large": 3072,
}

_EXTENSION = """
SELECT e.extversion, a.default_version, n.nspname, n.nspname = ANY (current_schemas(true))
FROM pg_available_extensions AS a LEFT JOIN pg_extension AS e ON e.extname = a.name
LEFT JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE a.name = 'vector'
"""
_RIGHTS = """
SELECT rolsuper, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
       has_database_privilege(current_database(), 'CREATE'), current_user
FROM pg_roles WHERE rolname = current_user
"""
_ROOM = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
"""


def server(connection: Connection) -> Result:
    """PostgreSQL 15 or newer, and not read-only."""
    check_server(connection)
    return ok("server", f"PostgreSQL {connection.info.parameter_status('server_version')}")


def extension(connection: Connection) -> Result:
    """Is pgvector there, visible and safe?"""
    row = connection.execute(_EXTENSION).fetchone()
    if row is None:
        why = "its package is not installed on the server"
        fix = "install postgresql-15-pgvector (Debian) or pgvector_15 (PGDG on EL), for the server's version"
        return fail("extension", ConfigurationError("pgvector is not available", why, fix))
    version, default, schema, visible = row
    if version is None:
        fix = "let the administrator run in this database: CREATE EXTENSION vector;"
        return fail("extension", ConfigurationError("pgvector is not created in this database", "", fix))
    if not visible:
        fix = f"GRANT USAGE ON SCHEMA {schema} TO the role of the URL, and add it to that role's search_path"
        return fail("extension", ConfigurationError(f"pgvector is in schema {schema}, out of sight", "", fix))
    seen = f"pgvector {version} in schema {schema}"
    if catalog.numbers(version) < verify.SAFE_VECTOR:
        why = "CVE-2026-3172: parallel builds of HNSW indexes overflow a buffer"
        return warn("extension", seen, why, "install 0.8.2 or newer, then: ALTER EXTENSION vector UPDATE;")
    if catalog.numbers(version) < catalog.numbers(default):
        return warn("extension", seen, f"the server has {default}", "ALTER EXTENSION vector UPDATE;")
    return ok("extension", seen)


def rights(connection: Connection) -> Result:
    """May the role do what it must, and no more?"""
    row = connection.execute(_RIGHTS).fetchone()
    superuser, create, schemas, name = row or (False, False, False, "?")
    if superuser:
        why = "whoever gets its password owns the whole server"
        return warn(
            "rights", f"{name} is a superuser", why, "use a role that owns this database and nothing else"
        )
    if not (create and schemas):
        why = "it may use the tables, but not change them"
        fix = "for migrations, let the administrator run: ALTER DATABASE … OWNER TO this role"
        return warn("rights", f"{name} may not make tables here", why, fix)
    return ok("rights", f"{name} may migrate, and is no superuser")


def schema(connection: Connection) -> Result:
    """Are all migrations applied, and is everything as they left it?"""
    state, plan = status.look(connection, files.load())
    if state != "current":
        fixes = {"unmanaged": "memory-mcp db baseline", "changed": "memory-mcp db migrate --dry-run"}
        error = MemoryMcpError(f"the schema is {state}", "", fixes.get(state, "memory-mcp db migrate"))
        return fail("schema", error)
    version = plan.applied[-1].version
    found = differences(connection, catalog.read(connection), version)
    if found:
        why = f"{found[0]}" + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
        return fail("schema", MemoryMcpError("the schema was changed by hand", why, "memory-mcp db verify"))
    return ok("schema", f"as version {version} defines it")


def dimensions(connection: Connection, settings: Settings) -> Result:
    """Does the embedding model fit the column?"""
    row = connection.execute(
        "SELECT atttypmod FROM pg_attribute WHERE attrelid = to_regclass('memories') AND attname = 'embedding'"
    ).fetchone()
    column = int(row[0]) if row else 0
    uses_openai = settings.embedding_provider == "openai" or (
        settings.embedding_provider == "auto" and settings.openai_api_key is not None
    )
    if not uses_openai:
        return ok("dimensions", f"vector({column}); local vectors are filled up with zeros")
    model = settings.embedding_dimensions or KNOWN_DIMENSIONS.get(settings.embedding_model, 0)
    if model > column:
        why = f"{settings.embedding_model} has {model} dimensions, memories.embedding {column}"
        fix = "set MEMORY_EMBEDDING_MODEL or MEMORY_EMBEDDING_DIMENSIONS to what fits the column"
        return fail("dimensions", ConfigurationError("the model does not fit the column", why, fix))
    return ok("dimensions", f"vector({column}), {settings.embedding_model}")


def room(connection: Connection) -> Result:
    """Are there connections left?"""
    row = connection.execute(_ROOM).fetchone()
    used, limit = row or (0, 0)
    if limit - used < 5:
        return warn(
            "room", f"{used} of {limit} connections are in use", "new ones may fail", "raise max_connections"
        )
    return ok("room", f"{used} of {limit} connections are in use")
