"""PostgreSQL connection URLs: reading what people paste, hiding passwords, writing what every driver accepts.

Two drivers read the URLs of this project: libpq (psycopg, psql) and node-postgres (other servers that use
`projects.json`). Both agree when user and password are percent-encoded and only libpq's parameters are used,
so that is the form which `DatabaseUrl.text` has.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import parse_qsl, quote, unquote

from memory_mcp.errors import ConfigurationError

EXAMPLE = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"
DEFAULT_PORT = 5432

# Every parameter of libpq 18 that a URL may carry (PostgreSQL documentation, "Parameter Key Words").
_LIBPQ = """
    application_name channel_binding client_encoding connect_timeout dbname fallback_application_name
    gssdelegation gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle
    keepalives_interval krbsrvname load_balance_hosts max_protocol_version min_protocol_version options
    passfile password port replication require_auth requirepeer service servicefile ssl_max_protocol_version
    ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl sslcrldir sslkey sslkeylogfile
    sslmode sslnegotiation sslpassword sslrootcert sslsni target_session_attrs tcp_user_timeout user
"""
LIBPQ_PARAMETERS = frozenset(_LIBPQ.split())
# What ORMs and node-postgres put into URLs, and libpq refuses: dropped before psycopg sees them.
_FOREIGN = """
    connection_limit pgbouncer pool_timeout prepared_statements schema socket_timeout sslaccept
    statement_cache_size supa uselibpqcompat workaround
"""
FOREIGN_PARAMETERS = frozenset(_FOREIGN.split())
_SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_PLACEHOLDER = re.compile(r"\[(YOUR[-_ ]?)?PASSWORD\]|<(your[-_ ]?)?password>", re.IGNORECASE)


@dataclass(frozen=True)
class DatabaseUrl:
    """One parsed URL. `repr` and `str` never show the password."""

    hosts: tuple[tuple[str, int], ...]
    database: str
    user: str = ""
    password: str = field(default="", repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def host(self) -> str:
        """The first host: a name, an address, or the folder of a Unix socket."""
        return self.hosts[0][0]

    @property
    def port(self) -> int:
        """The first host's port."""
        return self.hosts[0][1]

    @property
    def is_local(self) -> bool:
        """Whether every byte stays on this machine (socket or loopback)."""
        return all(_is_loopback(host) for host, _ in self.hosts)

    @property
    def text(self) -> str:
        """The URL with its password, percent-encoded so that libpq and node-postgres read the same."""
        return self._render(quote(self.password, safe=""))

    def __str__(self) -> str:
        return redact(self._render("***" if self.password else ""))

    def with_database(self, name: str) -> DatabaseUrl:
        """The same server and role, another database."""
        return replace(self, database=name)

    def with_parameters(self, **extra: str) -> DatabaseUrl:
        """The same URL with these parameters set."""
        return replace(self, parameters=MappingProxyType({**self.parameters, **extra}))

    def _render(self, password: str) -> str:
        login = quote(self.user, safe="") + (f":{password}" if password else "")
        sockets = [host for host, _ in self.hosts if host.startswith("/")]
        parameters = dict(self.parameters)
        if sockets:
            netloc = ""
            parameters = {"host": ",".join(sockets), "port": str(self.port), **parameters}
        else:
            netloc = ",".join(_netloc(host, port) for host, port in self.hosts)
        query = "&".join(f"{key}={quote(value, safe='/')}" for key, value in parameters.items())
        return (
            "postgresql://"
            + (f"{login}@" if login else "")
            + netloc
            + f"/{quote(self.database, safe='')}"
            + (f"?{query}" if query else "")
        )


def parse(text: str) -> DatabaseUrl:
    """Read a URL as people paste it: with quotes, a line end, `psql` in front, a driver's name.

    Raises ConfigurationError for anything that cannot be a PostgreSQL URL; its text never repeats the input,
    because a URL that does not parse may show its password anywhere.
    """
    url = _unwrap(text)
    if not url:
        raise _wrong("the database URL is empty")
    scheme, separator, rest = url.partition("://")
    if not separator or re.fullmatch(r"postgres(ql)?(\+\w+)?", scheme, re.IGNORECASE) is None:
        raise _wrong("the database URL does not start with postgresql://")
    if any(character.isspace() for character in rest):
        raise _wrong("the database URL contains a space", "a space in a password is written %20")
    login, netloc, path, query = _split(rest)
    user, password = _login(login)
    parameters = _parameters(query)
    hosts = _hosts(netloc, parameters)
    return DatabaseUrl(
        hosts=hosts,
        database=unquote(path) or parameters.pop("dbname", "") or user or parameters.get("user", ""),
        user=user or parameters.pop("user", ""),
        password=password or parameters.pop("password", ""),
        parameters=MappingProxyType(parameters),
    )


def for_libpq(url: DatabaseUrl, system_ca: str | None = None) -> str:
    """The URL to give to psycopg: encrypted unless it is local or says otherwise, with a CA file that exists.

    libpq's own default (`prefer`) silently falls back to plain text, so a remote host without `sslmode` gets
    `require`. `sslrootcert=system` is replaced by `system_ca` (path of the machine's CA bundle), because the
    OpenSSL inside psycopg's wheel looks for it in a folder that does not exist; `verify-full` without a
    certificate gets it too.
    """
    parameters = dict(url.parameters)
    if "sslmode" not in parameters and "sslrootcert" not in parameters and not url.is_local:
        parameters["sslmode"] = "require"
    if parameters.get("sslrootcert") == "system":
        parameters.setdefault("sslmode", "verify-full")
        if system_ca:
            parameters["sslrootcert"] = system_ca
    elif parameters.get("sslmode") == "verify-full" and system_ca:
        parameters.setdefault("sslrootcert", system_ca)
    return replace(url, parameters=parameters).text


_SECRETS = (
    # scheme://user:password@ — up to the last @ of the word, since unescaped passwords may hold one
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s]*@", re.IGNORECASE), r"\1:***@"),
    (re.compile(r"(\"(?:\w*password|api_?key|token)\"\s*:\s*)\"(?:[^\"\\]|\\.)*\"", re.IGNORECASE), r'\1"***"'),
    (
        re.compile(
            r"(\b\w*(?:password|passwd|api_?key)\s*=\s*)(?:'(?:[^'\\]|\\.)*'|\"[^\"]*\"|\S+)", re.IGNORECASE
        ),
        r"\1***",
    ),
    (re.compile(r"\b(PASSWORD\s+)'(?:[^']|'')*'", re.IGNORECASE), r"\1'***'"),
    (re.compile(r"\b(Bearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE), r"\1***"),
    (re.compile(r"\bsk-[\w-]{8,}"), "sk-***"),
)


def redact(text: str, *secrets: str) -> str:
    """Hide passwords and keys in any text: URLs, key=value strings, JSON, SQL, and the `secrets` given.

    Secrets shorter than four characters are left to the patterns: replacing them would garble every text.
    """
    for secret in sorted((each for each in secrets if len(each) >= 4), key=len, reverse=True):
        text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _wrong(seen: str, why: str = "") -> ConfigurationError:
    return ConfigurationError(seen, why, f"write it as {EXAMPLE}")


def _unwrap(text: str) -> str:
    """Without a line end, surrounding quotes, and the `psql` of a provider's copy button."""
    text = text.strip()
    command = re.fullmatch(r"psql\s+(?:--dbname[= ]|-d\s+)?(.*)", text, re.DOTALL)
    text = command[1].strip() if command else text
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"`":
        text = text[1:-1].strip()
    return text


def _split(rest: str) -> tuple[str, str, str, str]:
    """login, hosts, path, query; the login ends at the last @ before the path."""
    head = re.match(r"[^/?#]*", rest)
    authority = head[0] if head else ""
    tail = rest[len(authority) :]
    login, at, netloc = authority.rpartition("@")
    if not at and "@" in tail.partition("?")[0]:
        raise _wrong(
            "the database URL cannot be split into its parts",
            "the password contains / or #, which end the host part; write / as %2F and # as %23",
        )
    if _PLACEHOLDER.search(login):
        raise ConfigurationError(
            "the database URL still holds the provider's placeholder for the password",
            "it was copied without its password",
            "put the real password in place of the brackets",
        )
    path, _, query = tail.partition("?")
    if "#" in tail:
        raise _wrong("the database URL contains a #", "a # in a password is written %23")
    return login, netloc, path.removeprefix("/"), query


def _login(login: str) -> tuple[str, str]:
    user, _, password = login.partition(":")
    return _decoded(user), _decoded(password)


def _decoded(part: str) -> str:
    """Percent-decoded; a % that starts no code stands for itself, as in a password that nobody encoded."""
    return unquote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", part))


def _hosts(netloc: str, parameters: dict[str, str]) -> tuple[tuple[str, int], ...]:
    names = netloc or parameters.pop("host", "") or parameters.get("hostaddr", "") or "localhost"
    ports = parameters.pop("port", "").split(",")
    found = []
    for number, entry in enumerate(names.split(",")):
        bracketed = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([^:]*))?", entry)
        if bracketed is None:
            raise _wrong("the host in the database URL cannot be read", "an IPv6 address is written [::1]")
        port = bracketed[2] or ports[min(number, len(ports) - 1)] or str(DEFAULT_PORT)
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise _wrong(
                "the port in the database URL is not a number from 1 to 65535",
                "either the port is wrong, or the password holds a character that must be percent-encoded",
            )
        found.append((unquote(bracketed[1]).strip("[]") or "localhost", int(port)))
    return tuple(found)


def _parameters(query: str) -> dict[str, str]:
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    for name in FOREIGN_PARAMETERS & parameters.keys():
        del parameters[name]
    if parameters.get("sslmode") == "no-verify":  # node-postgres' name for it
        parameters["sslmode"] = "require"
    if parameters.pop("ssl", "") in {"true", "1"}:
        parameters.setdefault("sslmode", "require")
    for name in parameters.keys() - LIBPQ_PARAMETERS:
        near = difflib.get_close_matches(name, LIBPQ_PARAMETERS, n=1)
        raise ConfigurationError(
            f"the database URL has an unknown parameter {name[:40]!r}",
            "PostgreSQL's client library refuses it",
            f"did you mean {near[0]}?" if near else "remove it from the URL",
        )
    mode = parameters.get("sslmode", "prefer")
    if mode not in _SSLMODES:
        raise ConfigurationError(
            f"the database URL has sslmode={mode[:20]!r}",
            "no such mode exists",
            f"use one of {', '.join(_SSLMODES)}",
        )
    return parameters


def _netloc(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else quote(host, safe="")
    return name if port == DEFAULT_PORT else f"{name}:{port}"


def _is_loopback(host: str) -> bool:
    if host.startswith("/") or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
