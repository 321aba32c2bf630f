from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_provision import manifest
from memory_provision.bundle import Bundle, open_bundle
from memory_provision.bundled import bundle_system
from memory_provision.bundling import plan_bundle
from memory_provision.machine import Python, ServerProgram
from memory_provision.manifest import BundleError, Manifest
from memory_provision.plan import PreflightError, make_plan
from memory_provision.remote.base import Trouble
from memory_provision.remote.bundle_dnf import PLACE, public
from memory_provision.settings import Settings
from tests.unit.test_plan import BARE

FILES = {
    "packages/libpq5_15.18-0+deb12u1_amd64.deb": b"a package",
    "wheels/mcp-2.3.0-py3-none-any.whl": b"a wheel",
}
VALUE: dict[str, Any] = {
    "format": 1,
    "system": "debian-12-x86_64",
    "major": 15,
    "source": "distribution",
    "packages": "apt",
    "python": ["/usr/bin/python3", "python3", "3.11"],
    "wheels_for": "a" * 64,
    "settings": {"pgvector_url": "https://mirror.example/tags"},
    "files": {name: sha256(text).hexdigest() for name, text in FILES.items()},
}
HERE = replace(BARE, architecture="x86_64", reach=())


def read(**changed: Any) -> Manifest:
    return manifest.parse(json.dumps({**VALUE, **changed}), "bundle b.tar")


def refused(text: str) -> BundleError:
    with pytest.raises(BundleError) as caught:
        manifest.parse(text, "bundle b.tar")
    assert "b.tar" in caught.value.seen
    assert caught.value.why
    assert "deploys/bundle.py" in caught.value.fix
    return caught.value


def test_a_manifest_is_read_back_as_it_was_written():
    held = read()
    assert (held.system, held.major, held.python) == (
        "debian-12-x86_64",
        15,
        ("/usr/bin/python3", "python3", "3.11"),
    )
    assert dict(held.files) == VALUE["files"]


def test_another_format_is_refused_by_its_number():
    assert "format is 2" in refused(json.dumps({**VALUE, "format": 2})).why


@pytest.mark.parametrize(
    "name", ["../etc/passwd", "/etc/passwd", "packages/../../x", "a b.deb", "a\nb", "packages//x", "."]
)
def test_a_file_that_would_lie_elsewhere_is_refused(name: str):
    assert "file name" in refused(json.dumps({**VALUE, "files": {name: "a" * 64}})).why


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(json.dumps))
def test_whatever_is_no_manifest_is_refused_in_words(text: str):
    refused(text)


@given(
    st.sampled_from(sorted(VALUE)),
    st.none()
    | st.booleans()
    | st.text()
    | st.lists(st.text(), max_size=3)
    | st.dictionaries(st.text(), st.text()),
)
def test_a_manifest_with_one_wrong_value_is_read_or_refused_and_never_breaks(key: str, value: Any):
    try:
        manifest.parse(json.dumps({**VALUE, key: value}), "bundle b.tar")
    except BundleError as error:
        assert error.fix


def test_a_machine_of_another_release_is_told_what_differs():
    with pytest.raises(BundleError) as caught:
        manifest.check_machine(read(), "bundle b.tar", "debian-13-x86_64", None)
    assert "debian-13-x86_64" in caught.value.seen
    assert "release 12 instead of 13" in caught.value.why
    with pytest.raises(BundleError, match="aarch64"):
        manifest.check_machine(read(), "bundle b.tar", "debian-12-aarch64", None)


def test_another_major_than_the_one_asked_for_is_refused():
    with pytest.raises(BundleError) as caught:
        manifest.check_machine(read(), "bundle b.tar", "debian-12-x86_64", 16)
    assert "postgres_version=16" in caught.value.fix


def test_wheels_of_another_version_of_the_toolkit_are_refused():
    manifest.check_wheels(read(), "bundle b.tar", "a" * 64)
    with pytest.raises(BundleError, match="another version"):
        manifest.check_wheels(read(), "bundle b.tar", "b" * 64)


# -- the plan of a machine without a network
def bundle(**changed: Any) -> Bundle:
    return Bundle(Path("b.tar"), "c" * 64, 1, read(**changed))


def test_the_plan_takes_all_from_the_bundle_and_asks_no_network():
    plan = make_plan(HERE, Settings(), bundle=bundle())
    assert (plan.source, plan.major, plan.python, plan.python_package) == (
        "bundle",
        15,
        "/usr/bin/python3",
        "python3",
    )
    assert plan.bundle == "/var/cache/memory-mcp/bundles/" + "c" * 16


def test_the_python_of_the_wheels_is_used_and_no_newer_one_that_is_there():
    el = replace(HERE, os_id="rocky", os_version="9.6", os_like="rhel", os_codename="")
    there = replace(el, pythons=(Python("/usr/bin/python3.13", (3, 13)),))
    held = bundle(system="rocky-9-x86_64", source="pgdg", python=["/usr/bin/python3.12", "python3.12", "3.12"])
    plan = make_plan(there, Settings(), bundle=held)
    assert (plan.python, plan.python_package) == ("/usr/bin/python3.12", "python3.12")
    ready = replace(there, pythons=(Python("/usr/bin/python3.12", (3, 12)),))
    assert make_plan(ready, Settings(), bundle=held).python_package is None


def test_a_python_of_ones_own_that_the_wheels_do_not_fit_is_refused():
    with pytest.raises(BundleError, match="/opt/python"):
        make_plan(HERE, Settings(server_python="/opt/python"), bundle=bundle())


def test_another_server_that_is_there_is_refused_unless_a_second_one_is_asked_for():
    there = replace(HERE, servers=(ServerProgram("17.2", "/usr/lib/postgresql/17/bin"),))
    with pytest.raises(BundleError) as caught:
        make_plan(there, Settings(), bundle=bundle())
    assert "postgres_version=15" in caught.value.fix
    assert make_plan(there, Settings(postgres_version=15), bundle=bundle()).major == 15


def test_without_root_a_bundle_is_refused_because_it_has_no_embedded_server():
    with pytest.raises(BundleError, match="embedded"):
        make_plan(replace(HERE, uid=1000, user="ada"), Settings(), bundle=bundle())


def test_a_bundle_is_made_as_for_a_machine_that_has_nothing():
    there = replace(
        HERE,
        reach=BARE.reach,
        servers=(ServerProgram("17.2", "/usr/lib/postgresql/17/bin"),),
        pythons=(Python("/usr/bin/python3", (3, 11)),),
    )
    plan, python = plan_bundle(there, Settings())
    assert (plan.source, plan.major, plan.python_package, python) == ("pgdg", 15, "python3", "3.11")


def test_no_bundle_is_made_without_root_or_without_the_python_of_the_others():
    with pytest.raises(PreflightError, match="no bundle can be made"):
        plan_bundle(
            replace(
                HERE, uid=1000, user="ada", home="/home/ada", pythons=(Python("/usr/bin/python3", (3, 11)),)
            ),
            Settings(),
        )
    with pytest.raises(PreflightError) as caught:
        plan_bundle(replace(HERE, reach=BARE.reach), Settings())
    assert "apt install python3 python3-venv" in caught.value.fix


@pytest.mark.parametrize("wanted", ["pgdg", "existing"])
def test_another_source_than_the_one_in_the_bundle_is_refused(wanted: str):
    with pytest.raises(BundleError, match=f"postgres_source is {wanted}"):
        make_plan(HERE, Settings(postgres_source=wanted), bundle=bundle())
    assert make_plan(HERE, Settings(postgres_source="distribution"), bundle=bundle()).major == 15


@pytest.mark.parametrize("name", ["username", "password", "proxy_password", "sslclientkey"])
def test_what_logs_in_to_a_repository_does_not_go_into_a_bundle(name: str):
    text = f"[ours]\nbaseurl=https://mirror.example/9\n{name} = hunter2\ngpgcheck=1\n"
    assert public(text, "ours.repo") == "[ours]\nbaseurl=https://mirror.example/9\ngpgcheck=1\n"


def test_the_place_of_the_bundle_is_no_password():
    text = f"[ours]\ngpgkey=file://{PLACE}/keys/pgdg.asc\n"
    assert public(text, "ours.repo") == text


def test_a_repository_with_a_password_in_its_url_is_refused_without_showing_it():
    with pytest.raises(Trouble) as caught:
        public("[ours]\nbaseurl=https://me:hunter2@mirror.example/9\n", "ours.repo")
    assert "hunter2" not in f"{caught.value.seen}{caught.value.why}{caught.value.fix}"


def test_minor_releases_of_the_rhel_family_share_a_bundle_and_systems_do_not():
    rocky = replace(HERE, os_id="rocky", os_version="9.5", os_like="rhel", os_codename="")
    assert bundle_system(rocky) == bundle_system(replace(rocky, os_version="9.6")) == "rocky-9-x86_64"
    assert bundle_system(replace(rocky, os_id="almalinux")) == "almalinux-9-x86_64"
    assert bundle_system(replace(HERE, os_id="ubuntu", os_version="24.04")) == "ubuntu-24.04-x86_64"


# -- the file
def tar(path: Path, files: dict[str, bytes], text: str | None = None) -> str:
    with tarfile.open(path, "w") as out:
        for name, content in {manifest.NAME: (text or json.dumps(VALUE)).encode(), **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return str(path)


def test_a_whole_bundle_is_opened(tmp_path: Path):
    held = open_bundle(tar(tmp_path / "b.tar", FILES))
    assert held.sha256 == sha256((tmp_path / "b.tar").read_bytes()).hexdigest()
    assert held.manifest == read()


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({**FILES, "wheels/mcp-2.3.0-py3-none-any.whl": b"A wheel"}, "mcp-2.3.0"),
        ({**FILES, "wheels/more.whl": b"x"}, "not in its manifest"),
        (dict(list(FILES.items())[:1]), "is missing, one of 1"),
    ],
)
def test_a_damaged_bundle_is_refused_with_the_file_that_is_wrong(
    tmp_path: Path, files: dict[str, bytes], why: str
):
    with pytest.raises(BundleError) as caught:
        open_bundle(tar(tmp_path / "b.tar", files))
    assert "is damaged" in caught.value.seen
    assert why in caught.value.why


@pytest.mark.parametrize("keep", [0, 100, 700, 2000])
def test_half_a_bundle_is_refused(tmp_path: Path, keep: int):
    whole = Path(tar(tmp_path / "b.tar", FILES)).read_bytes()
    (tmp_path / "half.tar").write_bytes(whole[:keep])
    with pytest.raises(BundleError):
        open_bundle(str(tmp_path / "half.tar"))


def test_a_bundle_that_is_not_there_is_refused_by_its_name(tmp_path: Path):
    with pytest.raises(BundleError, match=r"nothing\.tar"):
        open_bundle(str(tmp_path / "nothing.tar"))
