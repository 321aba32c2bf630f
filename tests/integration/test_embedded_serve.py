"""The MCP server over the embedded one: started when it is needed, left alone when its user stopped it."""

from __future__ import annotations

import os
import signal

import pytest
from mcp import Client, StdioServerParameters

from tests.integration.serving import Session, async_test
from tests.integration.somebody import COMMAND, somebody
from tests.integration.test_embedded_upgrade import configured, done


@pytest.fixture(scope="module")
def user():
    with somebody() as one:
        one.embedded("start")
        configured(one)
        done(one, "db", "migrate")
        yield one


def server(user):
    command, *arguments = user.command(COMMAND, "serve")
    return StdioServerParameters(command=command, args=arguments, env=user.environment, cwd=user.home)


@async_test
async def test_after_a_reboot_the_first_call_starts_the_server(user):
    os.kill(user.pid, signal.SIGKILL)
    async with Client(server(user), mode="legacy") as client:
        await client.list_tools()
        assert user.state() == "stopped"  # the handshake does not wait for it
        assert (await Session(client).ok("list_indexes"))["project"] == "local"
    assert user.state() == "running"  # and it outlives the client that needed it


@async_test
async def test_two_clients_at_once_start_one_server(user):
    os.kill(user.pid, signal.SIGKILL)
    async with Client(server(user), mode="legacy") as one, Client(server(user), mode="legacy") as other:
        first = await Session(one).ok("list_indexes")
        assert first == await Session(other).ok("list_indexes")


@async_test
async def test_a_server_that_was_stopped_stays_stopped_and_the_call_says_how_to_start_it(user):
    user.embedded("stop")
    async with Client(server(user), mode="legacy") as client:
        told = await Session(client).fails("list_indexes")
        assert "memory-mcp embedded start" in told
        assert user.state() == "stopped"
        user.embedded("start")
        await Session(client).ok("list_indexes")
