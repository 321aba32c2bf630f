"""The real command over its real transports: stdio as a child process, HTTP on a port of this machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.integration.serving import PROJECT, Session, async_test, settings

COMMAND = Path(sys.executable).with_name("memory-mcp")


@pytest.fixture
def env_file(migrated, tmp_path):
    return str(settings(migrated.url, tmp_path).env_file)


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(secrets.token_hex(32) + "\n")
    return path


@contextmanager
def http_server(*arguments):
    """`memory-mcp serve --transport http` on a free port; gives its URL."""
    command = [COMMAND, "serve", "--transport", "http", "--port", "0", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            assert found, line + process.stderr.read()
            yield found.group()
        finally:
            process.terminate()
            assert process.wait(timeout=10) in (0, -15)


@asynccontextmanager
async def over_http(url, token=""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers) as http_client,
        Client(streamable_http_client(url, http_client=http_client)) as client,
    ):
        yield Session(client)


@async_test
async def test_over_stdio_stdout_carries_nothing_but_the_protocol(env_file, migrated):
    parameters = StdioServerParameters(command=str(COMMAND), args=["serve", "--env-file", env_file])
    async with Client(parameters, mode="legacy") as client:
        session = Session(client)
        await session.ok("memorize", input="The family has a dog.")
        assert (await session.ok("recall", query="pets"))["project"] == PROJECT
    assert migrated.query("SELECT access_count FROM memories") == [(1,)]


def test_a_raw_client_of_the_oldest_protocol_gets_its_handshake(tmp_path):
    known = settings("postgresql://memory_user@127.0.0.1:9/nowhere", tmp_path)
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2024-11-05",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        },
    }
    done = subprocess.run(
        [COMMAND, "serve", "--env-file", known.env_file],
        input=json.dumps(hello) + "\n",
        text=True,
        capture_output=True,
        timeout=30,
        check=True,
    )
    [line] = done.stdout.splitlines()
    assert json.loads(line)["result"]["protocolVersion"] == "2024-11-05"
    assert done.stderr == ""


def test_on_this_machine_http_needs_no_token(env_file, migrated):
    async def main(url):
        async with over_http(url) as session:
            await asyncio.gather(*[session.ok("memorize", input=f"Fact {n}") for n in range(12)])
            assert len((await session.ok("recall", query="fact", limit=20))["memories"]) == 12
            assert "allowed no folder" in await session.fails("memorize", input="x", files=["/etc/hosts"])

    with http_server("--env-file", env_file) as url:
        asyncio.run(main(url))
    assert migrated.query("SELECT count(*) FROM memories") == [(12,)]


def test_with_a_token_nobody_gets_in_without_it(env_file, token_file):
    token = token_file.read_text().strip()

    async def main(url):
        async with over_http(url, token) as session:
            assert (await session.ok("list_indexes"))["project"] == PROJECT

    with http_server("--env-file", env_file, "--token-file", str(token_file)) as url:
        asyncio.run(main(url))
        for headers in (
            {},
            {"authorization": "Bearer x"},
            {"authorization": token},
            {"authorization": f"Bearer {token}x"},
        ):
            answer = httpx2.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_web_page_cannot_reach_it_under_another_name(env_file):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"accept": "application/json, text/event-stream"}
    with http_server("--env-file", env_file, "--public-name", "memory.example.test") as url:
        assert httpx2.post(url, json=body, headers={**accept, "host": "evil.example.test"}).status_code == 421
        assert (
            httpx2.post(url, json=body, headers={**accept, "origin": "http://evil.example.test"}).status_code
            == 403
        )
        named = httpx2.post(url, json=body, headers={**accept, "host": "memory.example.test"})
        assert named.status_code not in (401, 403, 421)


@pytest.mark.parametrize(
    ("content", "mode", "arguments", "code", "hint"),
    [
        (None, 0o600, ("--host", "0.0.0.0"), 4, "--token-file"),
        ("x" * 32, 0o644, (), 4, "chmod 640"),
        ("short", 0o600, (), 2, "at least 16"),
        ("two words of a secret", 0o600, (), 2, "at least 16"),
        (None, 0o600, ("--token-file", "/nonexistent"), 2, "/nonexistent"),
    ],
)
def test_an_unsafe_start_is_refused(env_file, tmp_path, content, mode, arguments, code, hint):
    if content is not None:
        path = tmp_path / "token"
        path.write_text(content)
        path.chmod(mode)
        arguments = (*arguments, "--token-file", str(path))
    done = subprocess.run(
        [COMMAND, "serve", "--transport", "http", "--port", "0", "--env-file", env_file, *arguments],
        text=True,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == code
    assert hint in done.stderr
    assert content is None or content not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_named(env_file):
    with http_server("--env-file", env_file) as url:
        port = url.split(":")[2].split("/")[0]
        done = subprocess.run(
            [COMMAND, "serve", "--transport", "http", "--port", port, "--env-file", env_file],
            text=True,
            capture_output=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 5
    assert port in done.stderr


def test_the_command_is_not_slow_to_say_what_it_can_do():
    """Help must not import the SDK or the database driver."""
    code = """
import sys
from memory_mcp.cli import main
try:
    main(['serve', '--help'])
finally:
    print(sorted(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, check=True, env={**os.environ}
    )
    assert "--token-file" in done.stdout
    for heavy in ("'mcp'", "'psycopg'", "'numpy'", "'httpx2'"):
        assert heavy not in done.stdout
