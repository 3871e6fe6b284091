"""The voice stand-in as a process of its own, and the production adapter that speaks to it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest

from shared.adapters.voice import voice
from shared.ports import Voice


@dataclass(frozen=True)
class StandIn:
    """Where it answers, and how it is told to fail."""

    url: str

    def ask(self, method: str, path: str, body: Any = None, origin: str = "") -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | ({"Origin": origin} if origin else {})
        with urlopen(Request(self.url + path, data, headers, method=method)) as answer:  # noqa: S310
            return json.loads(answer.read())

    def fail(self, **rule: Any) -> None:
        self.ask("POST", "/_faults", {"match": {"path_regex": "synthesize"}, **rule})

    @property
    def calls(self) -> int:
        """How many texts were spoken."""
        return int(self.ask("GET", "/_health")["calls"])


def started() -> Iterator[StandIn]:
    """A stand-in that answers; it ends when the generator does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "infra.local.voice", "--port", str(port)])
    stand_in = StandIn(f"http://127.0.0.1:{port}")
    try:
        until = time.monotonic() + 120
        while True:
            try:
                stand_in.ask("GET", "/_health")
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
        yield stand_in
    finally:
        process.terminate()
        process.wait(120)


@pytest.fixture(scope="session")
def started_voice() -> Iterator[StandIn]:
    yield from started()


@pytest.fixture
def stand_in(started_voice: StandIn) -> Iterator[StandIn]:
    yield started_voice
    started_voice.ask("DELETE", "/_faults")


@pytest.fixture
def speaker(stand_in: StandIn) -> Voice:
    return voice(stand_in.url)
