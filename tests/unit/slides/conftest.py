"""The Gemini emulator as a process of its own, and the production adapters that speak to it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from infra.local.installs import clean_env
from infra.local.layout import ROOT
from infra.local.tools import python_of, requirements_of
from shared.domain.pipeline import GeminiBackend

VERTEX_AI, DEVELOPER_API = GeminiBackend.VERTEX_AI, GeminiBackend.DEVELOPER_API
WAYS = (
    ("google-genai", VERTEX_AI),
    ("google-genai", DEVELOPER_API),
    ("google-generativeai", DEVELOPER_API),
)
"""Every client library with each backend that it can use."""
PROJECT = "some-project"


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
        return dict(self.ask("GET", "/_last")["body"])

    @property
    def last_path(self) -> str:
        """The path of the last request."""
        return str(self.ask("GET", "/_last")["path"])


def python_with(client: str) -> Path:
    """The interpreter of slide_generation's environment with this client library."""
    return python_of(requirements_of("slide_generation", client), "slide_generation", print)


class Worker:
    """An adapter, in an environment with its client library. Its metadata server is the
    emulator's, or the one at `metadata`."""

    def __init__(self, client: str, endpoint: str, folder: Path, metadata: str = "") -> None:
        self._client = client
        self._endpoint = endpoint
        host = metadata or endpoint.removeprefix("http://")
        env = {
            "PYTHONPATH": str(ROOT),
            "GCE_METADATA_HOST": host,
            "GCE_METADATA_IP": host,
            "GCE_METADATA_DETECT_RETRIES": "1",
            # No credentials of gcloud.
            "CLOUDSDK_CONFIG": str(folder),
        }
        self._process = subprocess.Popen(
            [str(python_with(client)), "-m", "tests.unit.slides.worker"],
            env=clean_env(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(
        self,
        backend: GeminiBackend,
        act: str,
        prompt: str,
        *,
        source: str = "",
        options: Mapping[str, Any] | None = None,
        **access: Any,
    ) -> dict[str, Any]:
        """What the adapter said: {"told", "engine"} or {"error", "message", "permanent"}.
        `access` replaces fields of the GeminiAccess."""
        authority = (
            {"project": PROJECT, "location": "europe-west1"}
            if backend is VERTEX_AI
            else {"api_key": "some-key"}
        )
        order = {
            "client": self._client, "act": act, "prompt": prompt, "source": source,
            "options": dict(options or {}),
            "access": {"backend": backend, "endpoint": self._endpoint} | authority | access,
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


@dataclass(frozen=True)
class Way:
    """The adapter through one client library, over one backend."""

    worker: Worker
    backend: GeminiBackend

    def order(self, act: str, prompt: str, **more: Any) -> dict[str, Any]:
        """See Worker.order."""
        return self.worker.order(self.backend, act, prompt, **more)


@pytest.fixture(scope="session")
def started_writer() -> Iterator[StandIn]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable, "-m", "infra.local.writer", "--port", str(port),
            "--project", PROJECT,
        ]
    )  # fmt: skip
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
def started_workers(
    started_writer: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Worker]]:
    folder = tmp_path_factory.mktemp("gcloud")
    clients = dict.fromkeys(client for client, _ in WAYS)
    workers = {client: Worker(client, started_writer.url, folder) for client in clients}
    yield workers
    for worker in workers.values():
        worker.end()


@pytest.fixture
def writer(started_writer: StandIn) -> Iterator[StandIn]:
    yield started_writer
    started_writer.ask("DELETE", "/_faults")
    started_writer.ask("DELETE", "/_answers")


@pytest.fixture
def workers(started_workers: dict[str, Worker], writer: StandIn) -> dict[str, Worker]:
    """One worker a client library."""
    return started_workers


@pytest.fixture(params=WAYS, ids="-".join)
def way(request: pytest.FixtureRequest, workers: dict[str, Worker]) -> Way:
    """Each way in turn."""
    client, backend = request.param
    return Way(workers[client], backend)
