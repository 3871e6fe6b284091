"""Playlists, which would make a decoder send requests, are rejected."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import av
import pytest

from functions.upload_trigger.probes.video import probe
from shared.errors import PermanentError
from shared.media.containers import demux
from shared.media.errors import PlaylistRefused


class _Canary(BaseHTTPRequestHandler):
    """Records the paths of its requests, and logs nothing."""

    hits: ClassVar[list[str]]

    def do_GET(self) -> None:
        self.hits.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server that must not be called: its URL and the paths of its requests."""
    _Canary.hits = []  # a new list per test
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Canary)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", _Canary.hits
    server.shutdown()
    server.server_close()
    thread.join()


def _playlists(url: str) -> dict[str, str]:
    return {
        "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n" + f"{url}/a.ts\n#EXT-X-ENDLIST\n",
        "hls-bom": "\ufeff#EXTM3U\n#EXTINF:5,\n" + f"{url}/a.ts\n",
        "concat": f"ffconcat version 1.0\nfile '{url}/a.mp4'\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n"
        f"a=control:{url}\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        f"<BaseURL>{url}/</BaseURL></MPD>",
        "pls": f"[playlist]\nFile1={url}/a.mp4\n",
        "mov-text": f"[Reference]\nRef1={url}/a.mp4\n",
    }


PLAYLISTS = sorted(_playlists(""))


@pytest.mark.parametrize("playlist", PLAYLISTS)
def test_playlist_is_rejected_without_requests(
    playlist: str, canary: tuple[str, list[str]]
) -> None:
    url, hits = canary
    data = _playlists(url)[playlist].encode()
    with pytest.raises(PlaylistRefused) as refused:
        probe(io.BytesIO(data), len(data))
    assert str(refused.value).strip()
    assert hits == []


@pytest.mark.parametrize("playlist", PLAYLISTS)
def test_undetected_playlist_sends_no_requests(
    playlist: str, canary: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the check of the first bytes, the list of allowed demuxers must suffice."""
    monkeypatch.setattr(demux, "check_head", lambda _head: None)
    url, hits = canary
    data = _playlists(url)[playlist].encode()
    with pytest.raises(PermanentError):
        probe(io.BytesIO(data), len(data))
    assert hits == []


def test_canary_detects_a_playlist_opened_by_ffmpeg(
    tmp_path: Path, canary: tuple[str, list[str]]
) -> None:
    url, hits = canary
    path = tmp_path / "innocent.m3u8"
    path.write_text(_playlists(url)["hls"])
    with path.open("rb") as file, pytest.raises(av.error.FFmpegError):
        av.open(file)
    assert hits == ["/a.ts"]
