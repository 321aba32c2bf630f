"""Database URLs: what people paste is read, what is written works in every driver, and nothing leaks."""

from __future__ import annotations

import psycopg.conninfo
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp import urls
from memory_mcp.errors import ConfigurationError

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    "pasted",
    [
        "postgresql://me:secret@db.example:6543/mine",
        "postgres://me:secret@db.example:6543/mine\n",
        "'postgresql://me:secret@db.example:6543/mine'",
        "psql 'postgresql://me:secret@db.example:6543/mine'",
        'psql --dbname "postgresql://me:secret@db.example:6543/mine"',
        "postgresql+psycopg://me:secret@db.example:6543/mine",
        "postgresql://db.example:6543/mine?user=me&password=secret",
        "postgresql://me:secret@/mine?host=db.example&port=6543",
    ],
)
def test_pasted_forms_are_one_url(pasted):
    assert urls.parse(pasted).text == "postgresql://me:secret@db.example:6543/mine"


@given(user=texts, password=texts, database=texts)
def test_libpq_reads_back_what_is_written(user, password, database):
    url = urls.DatabaseUrl((("db.example", 5432),), database, user, password)
    read = psycopg.conninfo.conninfo_to_dict(url.text)
    assert (read["user"], read["password"], read["dbname"]) == (user, password, database)
    assert urls.parse(url.text) == url


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u@[::1]:5433/d", (("::1", 5433),)),
        ("postgresql://u@a,b:5433/d", (("a", 5432), ("b", 5433))),
        ("postgresql:///d?host=/run/postgresql&user=u", (("/run/postgresql", 5432),)),
        ("postgresql://u@%2Frun%2Fpostgresql/d", (("/run/postgresql", 5432),)),
        ("postgresql://u@/d", (("localhost", 5432),)),
    ],
)
def test_hosts_of_every_form(url, hosts):
    parsed = urls.parse(url)
    assert parsed.hosts == hosts
    assert psycopg.conninfo.conninfo_to_dict(parsed.text)["host"] == ",".join(host for host, _ in hosts)


def test_an_unescaped_at_sign_belongs_to_the_password():
    assert urls.parse("postgresql://u:p@ss@h/d").password == "p@ss"


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("", "empty"),
        ("mysql://u:secret@h/d", "postgresql://"),
        ("host=h password=secret", "postgresql://"),
        ("postgresql://u:sec/ret@h/d", "%2F"),
        ("postgresql://u:sec#ret@h/d", "%23"),
        ("postgresql://u:sec ret@h/d", "%20"),
        ("postgresql://u:[YOUR-PASSWORD]@h/d", "placeholder"),
        ("postgresql://u:secret@h:port/d", "port"),
        ("postgresql://u:secret@h:99999/d", "port"),
        ("postgresql://u:secret@h/d?sslmod=require", "sslmode"),
        ("postgresql://u:secret@h/d?sslmode=yes", "verify-full"),
    ],
)
def test_what_cannot_work_is_explained_without_the_password(url, hint):
    with pytest.raises(ConfigurationError) as caught:
        urls.parse(url)
    assert hint in str(caught.value)
    assert "sec" not in str(caught.value).replace("secure", "")


def test_parameters_of_other_drivers_are_dropped():
    url = urls.parse("postgresql://u:p@h/d?pgbouncer=true&schema=public&sslmode=no-verify&connect_timeout=3")
    assert dict(url.parameters) == {"sslmode": "require", "connect_timeout": "3"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u@db.example/d", {"sslmode": "require"}),
        ("postgresql://u@localhost/d", {}),
        ("postgresql://u@127.0.0.1/d", {}),
        ("postgresql://u@/d?host=/run/postgresql", {}),
        ("postgresql://u@db.example/d?sslmode=disable", {"sslmode": "disable"}),
        (
            "postgresql://u@db.example/d?sslmode=verify-full",
            {"sslmode": "verify-full", "sslrootcert": "/ca.pem"},
        ),
        (
            "postgresql://u@db.example/d?sslrootcert=system",
            {"sslmode": "verify-full", "sslrootcert": "/ca.pem"},
        ),
        (
            "postgresql://u@db.example/d?sslmode=verify-full&sslrootcert=/own.pem",
            {"sslmode": "verify-full", "sslrootcert": "/own.pem"},
        ),
    ],
)
def test_a_remote_database_is_never_reached_in_plain_text_by_default(url, expected):
    read = psycopg.conninfo.conninfo_to_dict(urls.for_libpq(urls.parse(url), "/ca.pem"))
    assert {key: value for key, value in read.items() if key.startswith("ssl")} == expected


@given(texts.filter(lambda text: len(text) > 3 and text not in "postgresql://user:***@host.example/database"))
def test_no_password_is_shown_by_str_or_repr(password):
    url = urls.DatabaseUrl((("host.example", 5432),), "database", "user", password)
    assert password not in str(url)
    assert repr(url) == repr(urls.DatabaseUrl((("host.example", 5432),), "database", "user", "other"))


@pytest.mark.parametrize(
    "text",
    [
        'invalid dsn: "postgresql://u:hunter2@h/d"',
        "postgresql://u:p@ss-hunter2@h/d?x",
        "host=h password='hunter2 \\' x' dbname=d",
        "host=h password=hunter2 dbname=d",
        "PGPASSWORD=hunter2 psql",
        '{"password": "hunter2"}',
        "OPENAI_API_KEY=hunter2",
        "ALTER ROLE x PASSWORD 'hunter2'",
        "Authorization: Bearer hunter2hunter2",
        "Incorrect API key provided: sk-hunter2hunter2",
        "postgresql://h/d?password=hunter2",
    ],
)
def test_redact_hides_every_shape_of_secret(text):
    assert "hunter2" not in urls.redact(text)


def test_redact_hides_known_secrets_also_when_encoded_and_leaves_the_rest():
    assert urls.redact("a pass/w and pass%2Fw in it", "pass/w") == "a *** and *** in it"
    assert (
        urls.redact("password authentication failed for user x") == "password authentication failed for user x"
    )
