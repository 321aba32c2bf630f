"""The application role, its database and the extensions, made by the administrator."""

from __future__ import annotations

import ipaddress
from typing import Any

from memory_provision.remote import credential, scram
from memory_provision.remote.base import Report, Rights, Trouble, read_text, sync_directory, sync_file
from memory_provision.remote.psql import Psql, administrator, identifier, literal

MADE_BY = "made by memory-mcp"
EXTENSIONS = ("vector", "pgcrypto")

ROLE = """
SELECT json_build_object('login', rolcanlogin, 'verifier', rolpassword,
  'excess', array_remove(ARRAY[
     CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
     CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
     CASE WHEN rolbypassrls THEN 'BYPASSRLS' END], NULL),
  'comment', shobj_description(oid, 'pg_authid')) FROM pg_authid WHERE rolname = {role}
"""
DATABASE = """
SELECT json_build_object('owner', pg_get_userbyid(datdba))
FROM pg_database WHERE datname = {database}
"""
EXTENSION = """
SELECT json_object_agg(a.name, json_build_object('installed', e.extversion, 'available', a.default_version))
FROM pg_available_extensions a LEFT JOIN pg_extension e ON e.extname = a.name
WHERE a.name IN ('vector', 'pgcrypto')
"""
FOREIGN_OBJECTS = """
SELECT coalesce(json_agg(format('ALTER %s %s OWNER TO ', kind, what) ORDER BY what), '[]') FROM (
  SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind,
    c.oid::regclass::text AS what
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
    AND pg_get_userbyid(c.relowner) <> {role}
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'a', 'i'))
  UNION ALL
  SELECT 'FUNCTION', p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    AND pg_get_userbyid(p.proowner) <> {role}
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')) objects
"""


def converge(request: dict[str, Any], report: Report, apply: bool) -> None:
    """Request: bindir, port, admin, role, database, password?, adopt, project, projects_file, passfile,
    config_dir.
    """
    psql = administrator(request)
    if not psql.ready():
        report.change(f"role {request['role']} and database {request['database']} made")
        return
    _role(request, report, apply, psql)
    if _database(request, report, apply, psql):
        _extensions(request, report, apply, psql)
    _let_in(request, report, apply, psql)


def _role(request: dict[str, Any], report: Report, apply: bool, psql: Psql) -> None:
    name, role = request["role"], psql.json(ROLE.format(role=literal(request["role"])))
    password = credential.find(request)
    if role is not None and role["comment"] != MADE_BY and not request["adopt"] and not (
        password and scram.matches(password, role["verifier"])
    ):  # fmt: skip
        raise Trouble(
            f"role {name} exists already and was not made by this toolkit",
            "giving it a new password would lock out whoever uses it now",
            "tell its password (MEMORY_DATABASE_PASSWORD=…), choose another (--data role=NAME), "
            "or take it over (--data adopt=true)",
        )
    if role is not None and role["excess"] and role["comment"] != MADE_BY and not request["adopt"]:
        report.warn(f"role {name} has {', '.join(role['excess'])}, more than it needs (left as it is)")
        role["excess"] = []
    statements = _role_statements(request, report, role)
    if password is None or role is None or not scram.matches(password, role["verifier"]):
        report.change(f"password of {name} set")
        if apply:
            password = password or credential.make()
            _keep(request, password)
            statements.append(f"ALTER ROLE {identifier(name)} PASSWORD {literal(scram.verifier(password))}")
    if apply and statements:
        psql.execute("BEGIN;\n" + ";\n".join(statements) + ";\nCOMMIT;")


def _role_statements(request: dict[str, Any], report: Report, role: dict[str, Any] | None) -> list[str]:
    name = identifier(request["role"])
    if role is None:
        report.change(f"role {request['role']} made")
        return [
            f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS",
            f"COMMENT ON ROLE {name} IS {literal(MADE_BY)}",
        ]
    statements = []
    if not role["login"]:
        report.change(f"role {request['role']} may log in")
        statements.append(f"ALTER ROLE {name} LOGIN")
    for right in role["excess"]:
        report.change(f"{right} taken from role {request['role']}")
        statements.append(f"ALTER ROLE {name} NO{right}")
    if role["comment"] != MADE_BY and request["adopt"]:
        report.change(f"role {request['role']} taken over")
        statements.append(f"COMMENT ON ROLE {name} IS {literal(MADE_BY)}")
    return statements


def _keep(request: dict[str, Any], password: str) -> None:
    """Into the password file before the role has it: whatever happens in between, the next run knows it."""
    report = Report()
    sync_directory(report, True, request["config_dir"], Rights(0o755))
    text = credential.passfile_text(request, password)
    sync_file(report, True, request["passfile"], text, Rights(0o600))


def _database(request: dict[str, Any], report: Report, apply: bool, psql: Psql) -> bool:
    """False when it is still to be made, so that nothing in it can be looked at."""
    name, role = identifier(request["database"]), identifier(request["role"])
    there = psql.json(DATABASE.format(database=literal(request["database"])))
    if there is None:
        report.change(f"database {request['database']} made")
        if apply:
            # A cluster made under LANG=C is SQL_ASCII; memories are UTF-8 wherever they are kept.
            plain = psql.json("SELECT json_build_array(current_setting('server_encoding') = 'UTF8')")[0]
            locale = "" if plain else " TEMPLATE template0 LOCALE 'C.UTF-8'"
            psql.execute(f"CREATE DATABASE {name} OWNER {role} ENCODING 'UTF8'{locale};\n"
                         f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;")  # fmt: skip
        return apply
    if there["owner"] != request["role"]:
        if not request["adopt"]:
            raise Trouble(
                f"database {request['database']} belongs to {there['owner']}, not to {request['role']}",
                "migrations need its owner; changing that could take it from whoever uses it now",
                "choose another (--data database=NAME), or take it over (--data adopt=true)",
            )
        report.change(f"database {request['database']} now belongs to {request['role']}")
        if apply:
            psql.execute(f"ALTER DATABASE {name} OWNER TO {role};")
    if request["adopt"]:
        _adopt_objects(request, report, apply, psql)
    return True


def _adopt_objects(request: dict[str, Any], report: Report, apply: bool, psql: Psql) -> None:
    """Tables that the administrator made by hand (guide.md shows just that) go to the role as well."""
    found = psql.json(FOREIGN_OBJECTS.format(role=literal(request["role"])), request["database"])
    if found:
        report.change(f"{len(found)} objects in {request['database']} now belong to {request['role']}")
        if apply:
            psql.execute(
                ";\n".join(f"{s}{identifier(request['role'])}" for s in found) + ";", request["database"]
            )


def _extensions(request: dict[str, Any], report: Report, apply: bool, psql: Psql) -> None:
    state = psql.json(EXTENSION, request["database"]) or {}
    if "vector" not in state:
        raise Trouble(
            'extension "vector" is not available to this server',
            "its files are not in the server's extension folder",
            "run again: the step before this one installs it",
        )
    for name in EXTENSIONS:
        have = state.get(name, {})
        if have and have["installed"] is None:
            report.change(f"extension {name} {have['available']} created")
            sql = f"CREATE EXTENSION IF NOT EXISTS {name};"
        elif have and older(have["installed"], have["available"]):
            report.change(f"extension {name} {have['installed']} → {have['available']}")
            sql = f"ALTER EXTENSION {name} UPDATE;"
        else:
            continue
        if apply:
            psql.execute(sql, request["database"])
    report.facts["vector"] = (
        (psql.json(EXTENSION, request["database"]) or {}).get("vector", {}).get("installed")
    )


def older(installed: str, available: str) -> bool:
    """Is an update possible? A downgrade of the package must not be followed: there is no update path back."""
    numbers = [tuple(int(n) if n.isdigit() else 0 for n in v.split(".")) for v in (installed, available)]
    return numbers[0] < numbers[1]


def _let_in(request: dict[str, Any], report: Report, apply: bool, psql: Psql) -> None:
    """The role must be able to log in over localhost with SCRAM; the first pg_hba line that matches decides."""
    rules = psql.json("SELECT coalesce(json_agg(r ORDER BY line_number), '[]') FROM pg_hba_file_rules r") or []
    wanted = [
        a
        for a in ("127.0.0.1", "::1")
        if decides(rules, request["database"], request["role"], a) != "scram-sha-256"
    ]
    if not wanted:
        return
    path = psql.json("SELECT json_build_array(current_setting('hba_file'))")[0]
    text = read_text(path) or ""
    lines = [
        f'host "{request["database"]}" "{request["role"]}" {a}/{32 if "." in a else 128} scram-sha-256'
        for a in wanted
    ]
    block = "\n".join(["# memory-mcp: its role, over localhost only", *lines, ""])
    report.change(f"{path} lets {request['role']} in over localhost (scram-sha-256)")
    if apply:
        owner = request["admin"]["user"] or "root"
        sync_file(Report(), True, path, block + text, Rights(0o640, owner, owner))
        psql.execute("SELECT pg_reload_conf();")


def decides(rules: list[dict[str, Any]], database: str, role: str, address: str) -> str | None:
    """The method of the first rule of pg_hba_file_rules for this connection without TLS; None without one."""
    for rule in rules:
        if rule.get("error") or rule["type"] not in ("host", "hostnossl"):
            continue
        if not _named(rule["database"], database, ("all", "sameuser" if database == role else "all")):
            continue
        if _named(rule["user_name"], role, ("all",)) and _covers(rule["address"], rule["netmask"], address):
            return str(rule["auth_method"])
    return None


def _named(names: list[str], name: str, keywords: tuple[str, ...]) -> bool:
    return any(n == name or n in keywords for n in names)


def _covers(network: str | None, mask: str | None, address: str) -> bool:
    if network in ("all", "samehost", "samenet", "localhost"):
        return True
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(f"{network}/{_prefix(mask)}", strict=False)
    except (ValueError, TypeError):
        return False


def _prefix(mask: str | None) -> int:
    return bin(int(ipaddress.ip_address(mask or ""))).count("1")
