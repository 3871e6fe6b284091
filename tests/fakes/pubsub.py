"""Receivers of bucket notifications: the real Pub/Sub emulator, or a fake without it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from tests.fixtures.gcs.server import PROJECT, free_port

_SDK = Path("/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib")


@dataclass(frozen=True)
class ReceivedMessage:
    """One notification as a subscriber receives it."""

    attributes: dict[str, str]
    data: bytes

    @property
    def resource(self) -> dict[str, Any]:
        """The object resource in the message."""
        resource: dict[str, Any] = json.loads(self.data)
        return resource


def _message(raw: dict[str, Any]) -> ReceivedMessage:
    return ReceivedMessage(raw.get("attributes", {}), base64.b64decode(raw.get("data", "")))


def find_emulator_jar() -> Path | None:
    """The emulator's jar, from MOODREEL_PUBSUB_JAR or the Google Cloud SDK."""
    path = os.environ.get("MOODREEL_PUBSUB_JAR")
    jars = [Path(path)] if path else sorted(_SDK.glob("*-all.jar"))
    return jars[-1] if jars and shutil.which("java") else None


class PubSubEmulator:
    """The real emulator. Every topic has a subscription of the same name for reading it."""

    def __init__(self, jar: Path, log: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = ["java", "-Xmx128m", "-jar", str(jar), "--host=127.0.0.1", f"--port={self.port}"]
        with log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out)

    def wait_until_ready(self) -> None:
        """Wait until the emulator responds."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                requests.get(f"{self.url}/v1/projects/{PROJECT}/topics", timeout=120)
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the Pub/Sub emulator did not answer")

    def create_topic(self, topic: str) -> None:
        """Create a topic and its subscription."""
        root = f"{self.url}/v1/projects/{PROJECT}"
        requests.put(f"{root}/topics/{topic}", json={}, timeout=120).raise_for_status()
        body = {"topic": f"projects/{PROJECT}/topics/{topic}"}
        requests.put(f"{root}/subscriptions/{topic}", json=body, timeout=120).raise_for_status()

    def _pull(self, topic: str) -> list[ReceivedMessage]:
        root = f"{self.url}/v1/projects/{PROJECT}/subscriptions/{topic}"
        body = {"maxMessages": 100, "returnImmediately": True}
        response = requests.post(f"{root}:pull", json=body, timeout=120).json()
        messages = response.get("receivedMessages", [])
        if messages:
            ids = {"ackIds": [m["ackId"] for m in messages]}
            requests.post(f"{root}:acknowledge", json=ids, timeout=120).raise_for_status()
        return [_message(m["message"]) for m in messages]

    def read_messages(
        self, topic: str, min_count: int, timeout_s: float = 120
    ) -> list[ReceivedMessage]:
        """At least `min_count` messages, and those that arrive in the 0.15 s after them."""
        messages: list[ReceivedMessage] = []
        end = time.monotonic() + timeout_s
        while len(messages) < min_count and time.monotonic() < end:
            messages += self._pull(topic)
            time.sleep(0.02)
        assert len(messages) >= min_count, f"{len(messages)} of {min_count} messages: {messages}"
        time.sleep(0.15)
        return messages + self._pull(topic)

    def close(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait(120)


class FakePubSub:
    """Implements the publish call only and keeps the messages."""

    def __init__(self, port: int | None = None) -> None:
        self._topics: dict[str, list[ReceivedMessage]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                topic = self.path.rpartition("/")[2].removesuffix(":publish")
                messages = outer._topics.get(topic)
                if messages is not None:
                    messages += [_message(m) for m in body["messages"]]
                response = json.dumps({"messageIds": ["1"] * len(body["messages"])}).encode()
                self.send_response(404 if messages is None else 200)
                self.send_header("Content-Length", str(len(response)))
                self.end_headers()
                self.wfile.write(response)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port or 0), Handler)
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_until_ready(self) -> None:
        """Return at once: the server listens already."""

    def create_topic(self, topic: str) -> None:
        """Create a topic."""
        self._topics[topic] = []

    def read_messages(
        self, topic: str, min_count: int, timeout_s: float = 120
    ) -> list[ReceivedMessage]:
        """At least `min_count` messages, and those that arrive in the 0.15 s after them."""
        end = time.monotonic() + timeout_s
        while len(self._topics[topic]) < min_count and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.15)
        messages, self._topics[topic] = self._topics[topic], []
        assert len(messages) >= min_count, f"{len(messages)} of {min_count} messages: {messages}"
        return messages

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()


PubSubServer = PubSubEmulator | FakePubSub
