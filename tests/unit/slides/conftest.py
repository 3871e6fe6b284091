"""The writer stand-in as a process of its own, and the production adapters that speak to it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest

from infra.local.installs import clean_env
from infra.local.layout import ROOT
from infra.local.tools import python_of, requirements_of

CLIENTS = ("google-generativeai", "google-genai")


@dataclass(frozen=True)
class StandIn:
    """Where it answers, and how it is told to fail."""

    url: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **headers}
        with urlopen(Request(self.url + path, data, sent, method=method)) as answer:  # noqa: S310
            return json.loads(answer.read())

    def fail(self, count: int = 1, **action: Any) -> None:
        """A fault on the wire, see infra.local.faults."""
        self.ask("POST", "/_faults", {"action": action, "count": count})

    def answer_badly(self, kind: str, count: int = 1) -> None:
        """A bad answer that comes well."""
        self.ask("POST", "/_answers", {"kind": kind, "count": count})

    @property
    def calls(self) -> int:
        """How often it was asked."""
        return int(self.ask("GET", "/_health")["calls"])

    @property
    def last(self) -> dict[str, Any]:
        """The body of the last request."""
        return dict(self.ask("GET", "/_last"))


class Worker:
    """The adapters, in the environment of the function that carries their libraries."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        python = python_of(requirements_of("slide_generation"), "slide_generation", print)
        self._process = subprocess.Popen(
            [str(python), "-m", "tests.unit.slides.worker"],
            env=clean_env({"PYTHONPATH": str(ROOT)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(
        self,
        client: str,
        act: str,
        prompt: str,
        *,
        source: str = "",
        options: Mapping[str, Any] | None = None,
        endpoint: str | None = None,
        key: str = "some-key",
    ) -> dict[str, Any]:
        """What the adapter said: {"told", "engine"} or {"error", "message", "permanent"}."""
        order = {
            "client": client, "act": act, "prompt": prompt, "source": source,
            "options": dict(options or {}), "key": key,
            "endpoint": self._endpoint if endpoint is None else endpoint,
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def end(self) -> None:
        """Let the process end."""
        self._process.communicate()


@pytest.fixture(scope="session")
def started_writer() -> Iterator[StandIn]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "infra.local.writer", "--port", str(port)])
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
def started_worker(started_writer: StandIn) -> Iterator[Worker]:
    worker = Worker(started_writer.url)
    yield worker
    worker.end()


@pytest.fixture
def writer(started_writer: StandIn) -> Iterator[StandIn]:
    yield started_writer
    started_writer.ask("DELETE", "/_faults")
    started_writer.ask("DELETE", "/_answers")


@pytest.fixture
def worker(started_worker: Worker, writer: StandIn) -> Worker:
    return started_worker
