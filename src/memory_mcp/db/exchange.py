"""SQL for putting one database in the place of another. No I/O, so that the administrator's psql on a
provisioned host runs the same statements as `db restore` does (see `swap`).

The texts are templates: `{old}` and `{new}` are string literals, `{old_name}`, `{new_name}` and `{kept_name}`
identifiers, quoted by whoever fills them in. Each query's one column holds statements, in the order in which
they have to run.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import NamedTuple

# A database beside `{old}`, empty, with all that belongs to a database and is not in its dump: owner, encoding,
# locale, who may connect, and settings of roles in it. Settings that are lists are stored quoted already. The
# locale's column has had two names (15 and 16, then 17).
MAKE = """
WITH d AS (SELECT *, to_jsonb(pg_database) AS j FROM pg_database WHERE datname = {old})
SELECT statement FROM (
SELECT 1 AS step,
       format('CREATE DATABASE %I OWNER %I TEMPLATE %I ENCODING %L LC_COLLATE %L LC_CTYPE %L LOCALE_PROVIDER ',
              {new}, pg_get_userbyid(datdba), {template}, pg_encoding_to_char(encoding), datcollate, datctype)
       || CASE datlocprovider
          WHEN 'i' THEN format('icu ICU_LOCALE %L', coalesce(j ->> 'datlocale', j ->> 'daticulocale'))
          WHEN 'b' THEN format('builtin BUILTIN_LOCALE %L', j ->> 'datlocale')
          ELSE 'libc' END
       || CASE WHEN dattablespace = (SELECT oid FROM pg_tablespace WHERE spcname = 'pg_default') THEN ''
          ELSE format(' TABLESPACE %I', (SELECT spcname FROM pg_tablespace WHERE oid = dattablespace)) END
       || format(' CONNECTION LIMIT %s', datconnlimit) AS statement FROM d
UNION ALL
SELECT 2, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', {new}) FROM d WHERE datacl IS NOT NULL
UNION ALL
SELECT 3, format('GRANT %s ON DATABASE %I TO %s', privilege_type, {new},
                 CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)
FROM d, aclexplode(datacl)
UNION ALL
SELECT 4, format('ALTER %s SET %I TO %s',
              CASE setrole WHEN 0 THEN format('DATABASE %I', {new})
                           ELSE format('ROLE %s IN DATABASE %I', setrole::regrole, {new}) END,
              split_part(setting, '=', 1),
              CASE WHEN split_part(setting, '=', 1) IN ('search_path', 'temp_tablespaces')
                   THEN substr(setting, strpos(setting, '=') + 1)
                   ELSE quote_literal(substr(setting, strpos(setting, '=') + 1)) END)
FROM d JOIN pg_db_role_setting ON setdatabase = d.oid, unnest(setconfig) AS setting
UNION ALL
SELECT 5, format('COMMENT ON DATABASE %I IS %L', {new}, shobj_description(oid, 'pg_database'))
FROM d WHERE shobj_description(oid, 'pg_database') IS NOT NULL) AS steps ORDER BY step
"""
# To be asked in the old database and run in the new one: its extensions, where they are.
EXTENSIONS = """
SELECT statement FROM (
SELECT 1 AS step, 0 AS number, format('CREATE SCHEMA IF NOT EXISTS %I', nspname) AS statement
FROM pg_namespace WHERE nspname NOT IN ('pg_catalog', 'public')
  AND oid IN (SELECT extnamespace FROM pg_extension)
UNION ALL
SELECT 2, e.oid::bigint, format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I', extname, nspname)
FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = extnamespace
WHERE extname <> 'plpgsql') AS steps ORDER BY step, number
"""
# What restores that were cut off have left: only they make such names. `{prefix}` as `Names.prefix`.
LEFTOVERS = r"""
SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', datname) AS statement FROM pg_database
WHERE starts_with(datname, {prefix}) AND substr(datname, length({prefix}) + 1) ~ '^\d+$'
  AND pg_has_role(datdba, 'USAGE')
"""
# One transaction: at every moment there is a database of the name. Nobody can connect to a database that is
# being renamed; who is connected is sent away, as far as our role may do that. A session that comes between the
# two makes the renaming fail: then it is tried again.
EXCHANGE = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname IN ({old}, {new}) "
    "AND pid <> pg_backend_pid() AND pg_has_role(usesysid, 'USAGE')",
    "ALTER DATABASE {old_name} RENAME TO {kept_name}",
    "ALTER DATABASE {new_name} RENAME TO {old_name}",
)
DROP = "DROP DATABASE IF EXISTS {new_name} WITH (FORCE)"

_NAME_BYTES = 63  # PostgreSQL's limit, NAMEDATALEN - 1
_ENDING = len("_restore_20260101000000")


class Names(NamedTuple):
    """Of the database, of the one that is filled beside it, and of the old one afterwards."""

    old: str
    new: str
    kept: str
    prefix: str


def names(database: str, now: datetime | None = None) -> Names:
    """Names for a restore that begins `now`."""
    stamp = (now or datetime.now(timezone.utc)).strftime("%Y%m%d%H%M%S")
    short = database.encode()[: _NAME_BYTES - _ENDING].decode(errors="ignore")
    prefix = f"{short}_restore_"
    return Names(database, f"{prefix}{stamp}", f"{short}_before_{stamp}", prefix)
