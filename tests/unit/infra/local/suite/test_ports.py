"""Tests of a suite's ports: holders, free blocks, and services whose port is temporarily taken."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.local.client.http import connect, is_reachable
from infra.local.suite import ports
from infra.local.suite.layout import HOST, PORTS_PER_SUITE, SetupError
from infra.local.suite.services import Service
from infra.local.suite.supervisor import Supervisor
from tests.fixtures.gcs.server import free_port

SERVER = """
import http.server, sys
handler = http.server.SimpleHTTPRequestHandler
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()
"""


def test_taken_port_names_its_service_and_holder() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        [taken_port] = ports.find_taken_ports([("gcs", port)])

    assert (taken_port.service, taken_port.port) == ("gcs", port)
    assert taken_port.holder.startswith(f"process {os.getpid()} (")
    assert ports.find_taken_ports([("gcs", port)]) == []


def test_holder_of_a_connection_port_is_described_as_a_connection() -> None:
    with socket.create_server((HOST, 0)) as server, connect(server.getsockname(), 10) as client:
        assert ports.describe_holder(client.getsockname()[1]).startswith("a connection of process ")


def test_free_base_is_outside_the_ephemeral_range() -> None:
    bases = {ports.find_free_base() for _ in range(5)}

    assert len(bases) > 1
    assert not any(map(ports.is_ephemeral, bases))


def test_free_base_exists_when_all_ports_are_ephemeral(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "ephemeral_range", lambda: (1024, 65535))

    assert ports.is_ephemeral(ports.find_free_base())


def test_block_that_overlaps_the_ephemeral_range_is_ephemeral(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "ephemeral_range", lambda: (32768, 60999))

    edges = (32768 - PORTS_PER_SUITE, 32769 - PORTS_PER_SUITE, 60999, 61000)
    assert [ports.is_ephemeral(base) for base in edges] == [False, True, True, False]


def test_probe_does_not_connect_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel gives the probe its target port as local port. TCP would connect it to itself."""
    port = free_port()

    class SelfConnectingSocket(socket.socket):
        def bind(self, address: Any) -> None:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            super().bind((address[0], address[1] or port))

    with SelfConnectingSocket() as connection:
        connection.bind((HOST, 0))
        connection.connect((HOST, port))
        assert connection.getsockname() == connection.getpeername()
    monkeypatch.setattr(socket, "socket", SelfConnectingSocket)

    with pytest.raises(ConnectionRefusedError):
        connect((HOST, port), 10)


def _service(port: int) -> Service:
    return Service(
        "it", (sys.executable, "-c", SERVER, str(port)), port, f"http://{HOST}:{port}/",
        dict(os.environ),
    )  # fmt: skip


def test_service_restarts_while_its_port_is_taken(tmp_path: Path) -> None:
    """Another socket holds the port when the service starts, and is closed later."""
    port = free_port()
    holder = socket.create_server((HOST, port))
    messages: list[str] = []

    async def start() -> None:
        supervisor = Supervisor(tmp_path / "logs", messages.append)
        supervisor.start(_service(port))
        try:
            while supervisor.running["it"].restart_count == 0:
                await asyncio.sleep(0.05)
            holder.close()
            await supervisor.wait_until_ready("it")
            assert is_reachable(f"http://{HOST}:{port}/")
        finally:
            await supervisor.close()

    asyncio.run(start())
    assert any("restarting it" in line for line in messages)


def test_service_that_cannot_start_is_reported_with_its_log(tmp_path: Path) -> None:
    async def start() -> None:
        supervisor = Supervisor(tmp_path / "logs", lambda _: None)
        command = (sys.executable, "-c", "raise SystemExit('there is no disk')")
        supervisor.start(Service("it", command, 1, f"http://{HOST}:1/", dict(os.environ)))
        try:
            await supervisor.wait_until_ready("it")
        finally:
            await supervisor.close()

    with pytest.raises(SetupError, match="there is no disk"):
        asyncio.run(start())
