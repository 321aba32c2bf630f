"""provision.ps1 as far as it can be proved without Windows: parsed, names resolved, secrets followed."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_mcp.errors import ConfigurationError
from memory_provision.settings import Settings
from memory_provision.templates import powershell
from memory_provision.windows_kit import SCRIPT, kit, requests
from tests.unit.powershell import AUTOMATIC, Script, ancestors, nodes

HASH = "a1" * 32
SETTINGS = {
    "defaults": {},
    "all": {
        "postgres_version": 17,
        "postgres_port": 5433,
        "windows_installer_url": "https://mirror.example/it's.exe",
        "windows_installer_sha256": HASH,
        "windows_pgvector_url": r"D:\pack ages\pgvector‘s.zip",
        "windows_pgvector_sha256": HASH,
        "server_python": r"C:\Python 312\python.exe",
        "install_dir": r"D:\memory $(calc.exe)",
        "config_dir": "D:\\d'ata`",
        "database": 'odd "name"',
        "role": "o'role",
        "embedding_model": "größe",
    },
}
# The cmdlets that are used and the parameters they are given (Microsoft's documentation of PowerShell 5.1).
CMDLETS = {
    "Copy-Item": {"LiteralPath", "Destination", "Force"},
    "ConvertFrom-Json": set(),
    "ConvertTo-Json": {"Compress"},
    "Expand-Archive": {"LiteralPath", "DestinationPath"},
    "ForEach-Object": set(),
    "Get-Acl": {"LiteralPath"},
    "Get-AuthenticodeSignature": {"LiteralPath"},
    "Get-ChildItem": {"Path", "Recurse", "Filter", "File", "ErrorAction"},
    "Get-Content": {"LiteralPath", "Tail"},
    "Get-Date": set(),
    "Get-FileHash": {"LiteralPath", "Algorithm"},
    "Get-Item": {"LiteralPath", "Force"},
    "Get-ItemProperty": {"LiteralPath"},
    "Get-Service": {"Name", "ErrorAction"},
    "Invoke-WebRequest": {"Uri", "OutFile", "UseBasicParsing", "TimeoutSec"},
    "Join-Path": set(),
    "Move-Item": {"LiteralPath", "Destination", "Force"},
    "New-Item": {"ItemType", "Path", "Force"},
    "New-Object": set(),
    "Remove-Item": {"LiteralPath", "Recurse", "Force"},
    "Select-Object": {"First", "Last"},
    "Select-String": {"LiteralPath", "Pattern"},
    "Set-Acl": {"LiteralPath", "AclObject"},
    "Set-Service": {"Name", "StartupType"},
    "Set-StrictMode": {"Version"},
    "Sort-Object": {"Property"},
    "Start-Service": {"Name"},
    "Start-Sleep": {"Seconds", "Milliseconds"},
    "Test-Path": {"LiteralPath", "PathType"},
    "Where-Object": set(),
    "Write-Host": set(),
    "Write-Verbose": set(),
    "Write-Warning": set(),
}


def rendered(data: dict) -> str:
    return kit(Settings.from_data(data, {}))[SCRIPT].decode("utf-8-sig").replace("\r\n", "\n")


@pytest.fixture(scope="module", params=SETTINGS)
def script(request: pytest.FixtureRequest) -> Script:
    return Script(rendered(SETTINGS[request.param]))


def test_it_parses(script: Script):
    assert script.errors() == []


def test_the_grammar_would_notice_a_mistake(script: Script):
    text = script.source.decode()
    assert Script(text.replace("return $installed\n}", "return $installed\n", 1)).errors()
    assert Script(text.replace("if ($null -ne $Found)", "if ($null -ne)", 1)).errors()


def test_every_command_is_a_function_of_it_or_a_known_cmdlet_with_parameters_that_exist(script: Script):
    functions = {name: script.parameters(node) for name, node in script.functions().items()}
    cmdlets = {name.lower(): {p.lower() for p in parameters} for name, parameters in CMDLETS.items()}
    for call in script.calls():
        known = functions.get(call.name.lower(), cmdlets.get(call.name.lower()))
        assert known is not None, f"line {call.line}: nobody defines {call.name}"
        assert call.parameters <= known, f"line {call.line}: {call.name} has no {call.parameters - known}"


def test_every_function_is_used(script: Script):
    called = {call.name.lower() for call in script.calls()}
    assert set(script.functions()) <= called


def test_every_variable_has_a_value_where_it_is_read(script: Script):
    """Strict mode makes a misspelt one an error, but only when the line is reached."""
    outer = script.assigned(script.root) & {
        name
        for name, node in script.variables(script.root)
        if not any(a.type == "function_statement" for a in ancestors(node))
    }
    known = AUTOMATIC | outer | script.parameters(script.root)
    for name, scope in script.functions().items():
        here = known | script.parameters(scope) | script.assigned(scope)
        for variable, node in script.variables(scope):
            if not variable.startswith("env:"):
                plain = variable.removeprefix("script:")
                assert plain in here, f"{name}, line {node.start_point[0] + 1}: ${variable} has no value"


def test_every_failure_says_what_was_seen_why_and_how_to_mend_it(script: Script):
    stops = [call for call in script.calls() if call.name == "Stop-Provision"]
    assert len(stops) > 20
    for call in stops:
        assert {"seen", "why", "fix"} <= call.parameters, f"line {call.line}"
        assert not re.search(r"-(Why|Fix)\s+''", call.text), f"line {call.line}"


def test_what_preflight_refuses_has_the_exit_status_of_a_refusal(script: Script):
    for name in ("test-machine", "test-disk", "get-reader", "get-port"):
        text = script.text(script.functions()[name])
        assert text.count("Stop-Provision") == text.count("-Status 4") > 0


def test_it_stops_at_errors_and_at_names_that_do_not_exist(script: Script):
    text = script.source.decode()
    assert "Set-StrictMode -Version 3.0\n" in text
    assert "$ErrorActionPreference = 'Stop'\n" in text


def test_no_secret_is_given_to_a_command(script: Script):
    """Parameters of commands can be logged (module logging), arguments of programs be seen by others."""
    secrets = {"password", "escaped", "given"}
    for node in nodes(script.root):
        if node.type == "variable" and script.name_of(node) in secrets:
            around = [a.type for a in ancestors(node)]
            inside = around[: around.index("command")] if "command" in around else []
            assert "command" not in around or "script_block_expression" in inside, script.text(node.parent)
    assert "ConvertTo-SecureString" not in script.source.decode()
    assert "setx" not in [call.name for call in script.calls()]


def test_only_its_own_parameters_can_be_given():
    names = Script(rendered({})).parameters(Script(rendered({})).root)
    assert not [name for name in names if "password" in name or "key" in name]


def test_secrets_of_the_settings_are_in_no_file():
    data = {"database_password": "hunter2hunter2", "openai_api_key": "sk-1234567890abcdef"}
    for name, content in kit(Settings.from_data(data, {})).items():
        assert b"hunter2" not in content, name
        assert b"sk-12345" not in content, name


def test_windows_powershell_reads_it_as_utf_8():
    content = kit(Settings.from_data(SETTINGS["all"], {}))[SCRIPT]
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")


def test_the_script_knows_the_hash_of_every_other_file():
    files = kit(Settings())
    text = files.pop(SCRIPT).decode("utf-8-sig")
    assert len(files) == 3
    for name, content in files.items():
        assert f"'{name}' = '{hashlib.sha256(content).hexdigest()}'" in text


def test_the_same_settings_give_the_same_bytes():
    assert kit(Settings()) == kit(Settings())


def test_settings_are_its_defaults():
    text = rendered(SETTINGS["all"])
    assert "[int]$PostgresVersion = 17," in text
    assert "[int]$Port = 5433," in text
    assert "17 = 'https://mirror.example/it''s.exe'" in text
    assert r"[string]$Pgvector = 'D:\pack ages\pgvector‘‘s.zip'," in text
    assert "[string]$InstallDir = 'D:\\memory $(calc.exe)'," in text


@given(st.text(alphabet=st.characters(exclude_characters="\r\0", exclude_categories=["Cs"])))
def test_no_text_leaves_its_quotes(text: str):
    quoted = powershell(text)
    body = re.sub("''|‘‘|’’|‚‚|‛‛", "", quoted[1:-1])
    assert not re.search("['‘’‚‛]", body)
    assert Script(f"$a = {quoted}\n").errors() == []


@pytest.mark.parametrize(
    "data",
    [
        {"config_dir": "/etc/memory-mcp"},
        {"windows_pgvector_url": "x.zip"},
        {"windows_installer_sha256": "abc"},
        {"install_dir": r"memory\mcp"},
    ],
)
def test_settings_that_cannot_work_on_windows_are_refused(data: dict):
    with pytest.raises(ConfigurationError) as caught:
        kit(Settings.from_data(data, {}))
    assert caught.value.fix


def test_the_program_is_told_of_places_only_where_the_machine_knows_them():
    text = json.dumps(requests(Settings.from_data(SETTINGS["all"], {})), ensure_ascii=False)
    assert "größe" in text
    marks = set(re.findall("@[A-Z_]+@", text))
    assert marks == {
        "@INSTALL_DIR@",
        "@CONFIG_DIR@",
        "@BINDIR@",
        "@PASSFILE@",
        "@PORT@",
        "@PYTHON@",
        "@PASSWORD@",
    }
    script = rendered({})
    for mark in marks - {"@PASSWORD@"}:
        assert f"{mark.strip('@').lower()} = " in script
