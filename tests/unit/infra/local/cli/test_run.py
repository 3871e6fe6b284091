"""Tests of `run`: failed uploads, files that must not be overwritten, and progress output."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.local.cli.download import download_artifacts
from infra.local.cli.inputs import guess_content_type
from infra.local.cli.progress import ProgressDisplay
from infra.local.client.api_client import ApiError, Client, TransferError, User


class ApiServer(ThreadingHTTPServer):
    """The API and the object store on one port. `script` holds the statuses of the next uploads."""

    script: list[int]
    stored: bytes = b""
    content: bytes = b"PK-content"
    tokens_seen_by_store: list[str | None]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script, self.tokens_seen_by_store = [], []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: ApiServer

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.script.pop(0) if self.server.script else 200
        if status in (0, 200):
            self.server.stored = body
        if status:
            self._send(status, b"<Error/>")

    def do_GET(self) -> None:
        if self.path.startswith("/store"):
            self.server.tokens_seen_by_store.append(self.headers.get("Authorization"))
            self._send(200, self.server.content)
        elif self.path.endswith("/artifacts/none"):
            self._send(404, json.dumps({"code": "not-found", "detail": "No such result."}).encode())
        else:
            self._send(302, b"", Location="/store/frames.zip?X-Goog-Signature=1")

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Writes no log."""


@pytest.fixture
def server() -> Iterator[ApiServer]:
    server = ApiServer()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(server: ApiServer) -> Client:
    return Client(server.url, User(server.url, "a@b.test", "pw", token="token"))


def _artifact(name: str = "frames.zip", size_bytes: int = 10) -> dict[str, Any]:
    return {"name": name, "size_bytes": size_bytes, "url": f"/v1/jobs/1/artifacts/{name}"}


def _upload(server: ApiServer, client: Client, folder: Path, size: int = 3_000_000) -> list[int]:
    clip = folder / "clip.mp4"
    clip.write_bytes(hashlib.sha256(b"clip").digest() * (size // 32))
    upload_target = {"method": "PUT", "url": f"{server.url}/store/x?sig=1", "headers": {"x-a": "b"}}
    moved: list[int] = []
    client.upload(upload_target, clip, moved.append)
    assert server.stored == clip.read_bytes()
    return moved


def test_upload_reports_progress(server: ApiServer, client: Client, tmp_path: Path) -> None:
    moved = _upload(server, client, tmp_path)

    assert moved == sorted(moved)
    assert len(set(moved)) >= 3


def test_upload_is_retried_when_the_store_is_busy(
    server: ApiServer, client: Client, tmp_path: Path
) -> None:
    server.script = [503, 200]

    _upload(server, client, tmp_path)

    assert server.script == []


def test_upload_succeeds_when_the_response_was_lost_but_the_object_exists(
    server: ApiServer, client: Client, tmp_path: Path
) -> None:
    server.script = [0, 412]

    _upload(server, client, tmp_path)

    assert server.script == []


def test_rejected_upload_is_not_retried(server: ApiServer, client: Client, tmp_path: Path) -> None:
    server.script = [403, 200]

    with pytest.raises(TransferError, match=r"Could not upload clip\.mp4 \(403\)"):
        _upload(server, client, tmp_path)
    assert server.script == [200]


def test_token_is_not_sent_to_the_object_store(
    server: ApiServer, client: Client, tmp_path: Path
) -> None:
    [path] = download_artifacts(
        client, [_artifact()], tmp_path / "out", ProgressDisplay(io.StringIO())
    )

    assert path.read_bytes() == server.content
    assert server.tokens_seen_by_store == [None]


def test_other_files_are_never_overwritten(
    server: ApiServer, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "frames.zip").write_text("holiday")

    names = []
    for content in (b"first one.", b"second one"):
        server.content = content
        [path] = download_artifacts(client, [_artifact()], tmp_path, ProgressDisplay(io.StringIO()))
        names.append(path.name)

    assert (tmp_path / "frames.zip").read_text() == "holiday"
    # An earlier result of this command is replaced.
    assert names == ["frames-2.zip", "frames-2.zip"]
    assert (tmp_path / "frames-2.zip").read_bytes() == b"second one"


def test_edited_result_is_not_overwritten(client: Client, tmp_path: Path) -> None:
    [result] = download_artifacts(client, [_artifact()], tmp_path, ProgressDisplay(io.StringIO()))
    result.write_text("edited by hand")

    [path] = download_artifacts(client, [_artifact()], tmp_path, ProgressDisplay(io.StringIO()))

    assert result.read_text() == "edited by hand"
    assert path.name == "frames-2.zip"


@pytest.mark.parametrize("name", ["../x", "/etc/x", ".moodreel.json", "..", "", "a\\b"])
def test_artifact_name_cannot_leave_the_folder(name: str, client: Client, tmp_path: Path) -> None:
    out = tmp_path / "out"

    with pytest.raises(TransferError, match="cannot be a file name"):
        download_artifacts(client, [_artifact(name)], out, ProgressDisplay(io.StringIO()))
    assert [path.name for path in tmp_path.rglob("*")] == ["out"]


def test_incomplete_download_leaves_no_file(client: Client, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="10 bytes instead of 11"):
        download_artifacts(
            client, [_artifact(size_bytes=11)], tmp_path, ProgressDisplay(io.StringIO())
        )

    assert list(tmp_path.iterdir()) == []


def test_api_error_keeps_its_code_and_message(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ApiError, match=r"No such result\.") as error:
        download_artifacts(client, [_artifact("none")], tmp_path, ProgressDisplay(io.StringIO()))

    assert error.value.code == "not-found"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.MP4", "video/mp4"),
        ("a.ts", "video/mp2t"),
        ("a.webm", "video/webm"),
        ("a.mov", "video/quicktime"),
        ("a.png", "image/png"),
        ("a", "application/octet-stream"),
    ],
)
def test_content_types_do_not_depend_on_the_machine(name: str, expected: str) -> None:
    assert guess_content_type(Path(name)) == expected
