from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.errors import ConfigurationError
from memory_provision.cas import ca_certificates, check_trusting

ONE, TWO = (ssl.DER_cert_to_PEM_cert(text * 40).strip() for text in (b"one", b"two"))


def refused(files: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        ca_certificates(files)
    assert caught.value.why and caught.value.fix
    return caught.value


def test_no_files_are_no_certificates():
    assert ca_certificates(None) == ""


def test_several_files_give_each_certificate_once(tmp_path: Path):
    a, b = tmp_path / "a.pem", tmp_path / "b.pem"
    a.write_text(f"subject=one\n{ONE}\n")
    b.write_text(f"{TWO}\n{ONE}\n".replace("\n", "\r\n"))
    assert ca_certificates(f"{a}, {b}") == f"{ONE}\n{TWO}"


@given(st.binary(min_size=1, max_size=3000))
def test_every_certificate_comes_out_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, der: bytes):
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_text(ssl.DER_cert_to_PEM_cert(der))
    assert ssl.PEM_cert_to_DER_cert(ca_certificates(str(file))) == der


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n", "PRIVATE KEY"),
        ("hello", "no PEM block"),
        ("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n", "damaged"),
    ],
)
def test_what_is_no_certificate_is_refused_by_what_it_is(tmp_path: Path, text: str, seen: str):
    (tmp_path / "x.pem").write_text(text)
    assert seen in refused(str(tmp_path / "x.pem")).seen


@pytest.mark.parametrize(("root", "folder"), [(False, "/etc/pki"), (True, ""), (True, "the System keychain")])
def test_where_only_somebody_else_can_add_them_that_is_said(root: bool, folder: str):
    check_trusting(None, root, folder)
    with pytest.raises(ConfigurationError, match="cannot be added"):
        check_trusting("ca.pem", root, folder)


def test_a_missing_file_is_named(tmp_path: Path):
    assert "nothing.pem cannot be read" in refused(str(tmp_path / "nothing.pem")).seen
