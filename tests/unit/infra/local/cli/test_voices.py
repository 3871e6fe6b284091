"""Tests of `run … --list-voices` with a server of the API's voices."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.local.cli.run_options import build_run_parser
from infra.local.cli.voices import check_narration, list_voices
from infra.local.client.api_client import ApiError, Client, User
from infra.local.suite.layout import SetupError
from shared.pipeline import RECIPES

VOICES = [
    {"name": f"en-US-{name}", "languages": ["en-US"], "gender": gender, "kind": kind,
     "technology": "", "sample_url": f"/v1/voices/en-US-{name}/sample"}
    for name, gender, kind in (("Neural-Joe", "male", "neural"), ("Standard-A", None, "standard"))
]  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.endswith("Standard-A/sample"):
            self._send(429, json.dumps({"code": "limit-reached", "detail": "Too many."}).encode())
        elif self.path.endswith("/sample"):
            self._send(200, b"RIFF")
        else:
            found = VOICES if "language=en" in self.path else []
            body = {"voices": found, "default": "en-US-Neural-Joe" if found else None}
            self._send(200, json.dumps(body).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Writes no log."""


@pytest.fixture
def client() -> Iterator[Client]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    yield Client(url, User(url, "a@b.test", "pw", token="token"))
    server.shutdown()
    server.server_close()


def test_voices_are_listed_with_the_default(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list_voices(client, "en", None) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["*", "en-US-Neural-Joe", "en-US", "male", "neural"],
        ["en-US-Standard-A", "en-US", "–", "standard"],
    ]


def test_language_without_a_voice(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert list_voices(client, "ja", None) == 1
    assert capsys.readouterr().out == "No voice speaks ja.\n"


def test_samples_are_saved_until_the_limit(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="en-US-Standard-A has no sample now: Too many"):
        list_voices(client, "en", tmp_path / "samples")
    (sample,) = (tmp_path / "samples").iterdir()
    assert (sample.name, sample.read_bytes()) == ("en-US-Neural-Joe.wav", b"RIFF")


def test_recipe_without_narration_has_no_voices() -> None:
    check_narration(RECIPES["recap"])
    with pytest.raises(SetupError, match="still has no narration"):
        check_narration(RECIPES["still"])


def test_voices_need_no_file() -> None:
    arguments = ["presentation", "--list-voices", "--language", "de", "--samples", "x"]
    args = build_run_parser().parse_intermixed_args(arguments)
    assert (args.list_voices, args.language, args.samples) == (True, "de", "x")
