"""The ways to have PostgreSQL on a Mac: Homebrew, under either prefix, and Postgres.app."""

from __future__ import annotations

from memory_provision.platforms import Platform

PYTHON = "python@3.13"
APP = "/Applications/Postgres.app"
CA_BUNDLE = "/etc/ssl/cert.pem"
KEYCHAIN = "the System keychain (Keychain Access)"


def homebrew(prefix: str) -> Platform:
    """Formulae of one major version; `prefix` is /opt/homebrew (Apple silicon) or /usr/local (Intel).

    They are keg-only: nothing of them is linked into `prefix`/bin, so every path here is absolute.
    """
    return Platform(
        family="darwin",
        packages="brew",
        layout="brew",
        server_packages=("postgresql@{major}",),
        pgvector_package="pgvector",
        base_packages=(),
        build_packages=(),
        headers_package="postgresql@{major}",
        bindir=prefix + "/opt/postgresql@{major}/bin",
        unit="postgresql@{major}",
        data=prefix + "/var/postgresql@{major}",
        conf=prefix + "/var/postgresql@{major}",
        extensions="",  # brew.sh asks pg_config: it has changed between formulae
        start=prefix + "/bin/brew services start postgresql@{major}",
        socket="/tmp",  # noqa: S108 -- PostgreSQL's own default there
        ca_bundle=CA_BUNDLE,
        ca_folder=KEYCHAIN,
        repository_files=(),
    )


def postgres_app(prefix: str, home: str) -> Platform:
    """Postgres.app, which brings pgvector along and starts its server itself."""
    data = home + "/Library/Application Support/Postgres/var-{major}"
    return Platform(
        family="darwin",
        packages="brew",
        layout="app",
        server_packages=(),
        pgvector_package="pgvector",
        base_packages=(),
        build_packages=(),
        headers_package="",
        bindir=APP + "/Contents/Versions/{major}/bin",
        unit="Postgres.app",
        data=data,
        conf=data,
        extensions="",
        start="open -a Postgres",
        socket="/tmp",  # noqa: S108
        ca_bundle=CA_BUNDLE,
        ca_folder=KEYCHAIN,
        repository_files=(),
    )
