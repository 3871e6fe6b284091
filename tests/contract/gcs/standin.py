"""The stand-in as its users have it: a process of its own, on a free port, with its own folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from google.oauth2 import service_account

PROJECT = "demo-moodreel"
ROOT = Path(__file__).resolve().parents[3]
_START_S = 180.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class StandIn:
    """One server process; `start` again after `stop` or `kill` finds what it kept."""

    folder: Path
    pubsub: str | None = None
    tls: bool = False
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Base URL without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> StandIn:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "infra.local.gcs", "--port", str(self.port)]
        command += ["--data", str(self.folder / "data"), "--project", PROJECT]
        command += ["--signer-key", str(self.folder / "signer.json")]
        if self.pubsub:
            command += ["--pubsub", self.pubsub]
        if self.tls:
            command += ["--tls-port", str(self.tls_port)]
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        log.close()
        end = time.monotonic() + _START_S
        while time.monotonic() < end:
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            try:
                if requests.get(f"{self.endpoint}/_health", timeout=120).json()["ok"]:
                    return self
            except requests.ConnectionError:
                time.sleep(0.05)
        raise AssertionError("the stand-in did not answer")

    def _end(self, number: int) -> int:
        assert self.process is not None
        os.kill(self.process.pid, number)
        code = self.process.wait(timeout=120)
        self.process = None
        return code

    def stop(self) -> int:
        """End it as a person would; returns its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Leave nothing running."""
        if self.process is not None:
            self.kill()

    def client(self) -> Client:
        """The real client, led here by STORAGE_EMULATOR_HOST as an application would be."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STORAGE_EMULATOR_HOST", self.endpoint)
            return Client(project=PROJECT, credentials=AnonymousCredentials())

    def credentials(self) -> service_account.Credentials:
        """The signer's credentials, from the key file that the server made."""
        info = json.loads((self.folder / "signer.json").read_text())
        made: service_account.Credentials = service_account.Credentials.from_service_account_info(
            info
        )
        return made

    def fault(self, rule: dict[str, Any]) -> None:
        """Ask for a fault."""
        answer = requests.post(f"{self.endpoint}/_faults", json=rule, timeout=120)
        assert answer.status_code == 201, answer.text

    def faults(self) -> list[dict[str, Any]]:
        """Drop all rules; returns them with what was met."""
        answer = requests.delete(f"{self.endpoint}/_faults", timeout=120)
        rules: list[dict[str, Any]] = answer.json()["rules"]
        return rules

    def files(self) -> list[Path]:
        """The byte files on disk."""
        return [p for p in (self.folder / "data" / "bytes").rglob("*") if p.is_file()]
