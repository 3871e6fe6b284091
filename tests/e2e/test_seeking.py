"""A browser seeks in a shared film, which comes from `downloads` or from the bucket."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import av
import numpy as np
import pytest

from infra.local.suite.handle import WAIT_TIMEOUT_S, SuiteHandle
from shared.runtime.services import Services
from tests.fixtures.suite.downloads import create_done_job, get, shared_url

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.suite,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)"),
]
COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 220)]
"""Colours of the film, which shows each one for 5 s."""
PAGE = """<!doctype html><video id="v" muted preload="metadata" crossorigin="anonymous"></video>
<script>
const v = document.getElementById("v"), samples = [];
const report = data => fetch("/report", {method: "POST", body: JSON.stringify(data)});
v.onerror = () => report({error: v.error.message || v.error.code});
const seek = t => new Promise(done => { v.onseeked = done; v.currentTime = t; });
v.onloadeddata = async () => {
  v.onloadeddata = null;
  for (const t of %s) {
    await seek(t);
    const c = document.createElement("canvas"); c.width = c.height = 8;
    const x = c.getContext("2d"); x.drawImage(v, 0, 0, 8, 8);
    samples.push({at: v.currentTime, colour: [...x.getImageData(4, 4, 1, 1).data].slice(0, 3)});
  }
  report({duration: v.duration, width: v.videoWidth, samples});
};
v.src = %s;
</script>"""


@dataclass
class FilmPage:
    """A page with a film, and the reports that it sends."""

    port: int = 0
    reports: Queue[dict[str, Any]] = field(default_factory=Queue)
    page: str = ""


@pytest.fixture(scope="module")
def film_page(suite: SuiteHandle) -> Iterator[FilmPage]:
    """A web server with the page. `downloads` allows its origin."""
    film_page = FilmPage()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(film_page.page.encode())

        def do_POST(self) -> None:
            film_page.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    film_page.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    suite.restart("downloads", {"MOODREEL_ALLOWED_ORIGINS": f"http://127.0.0.1:{film_page.port}"})
    yield film_page
    suite.restart("downloads")
    server.shutdown()
    server.server_close()


def encode_film(path: Path, *, noise: int) -> bytes:
    """Returns an MP4 of 20 s with four colours and a keyframe every second.

    `noise` makes the file large.
    """
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "12", "g": "10", "bf": "0"}
        for n in range(200):
            picture = np.full((240, 320, 3), COLOURS[n // 50], np.int16)
            if noise:
                picture += rng.integers(-noise, noise, picture.shape, np.int16)
            frame = av.VideoFrame.from_ndarray(picture.clip(0, 255).astype(np.uint8), "rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path.read_bytes()


@contextlib.contextmanager
def running_chromium(url: str, folder: Path) -> Iterator[None]:
    """Runs Chromium with a page for the time of the block."""
    argv = [
        str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio",
        "--no-first-run", "--disable-background-networking", "--remote-debugging-port=0",
        f"--user-data-dir={folder}", url,
    ]  # fmt: skip
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(120)


@pytest.mark.parametrize(("noise", "source"), [(0, "downloads"), (60, "the bucket")])
@pytest.mark.extended
def test_browser_seeks_in_both_directions(
    suite: SuiteHandle,
    services: Services,
    film_page: FilmPage,
    tmp_path: Path,
    noise: int,
    source: str,
) -> None:
    content = encode_film(tmp_path / "film.mp4", noise=noise)
    _, token = create_done_job(
        services, "someone", content, name="film.mp4", content_type="video/mp4"
    )
    url = shared_url(suite, token) + "?disposition=inline"
    if source == "the bucket":
        assert len(content) > 8 << 20
        assert get(url).status == 302
    times = [17.5, 2.5, 12.5, 7.5]
    page = PAGE % (json.dumps(times), json.dumps(url))
    # Pixels can be read only with CORS headers, which the bucket does not send for results.
    film_page.page = (
        page
        if source == "downloads"
        else page.replace('crossorigin="anonymous"', "").replace(
            "x.getImageData(4, 4, 1, 1).data", "[]"
        )
    )
    with running_chromium(f"http://127.0.0.1:{film_page.port}/", tmp_path / "profile"):
        try:
            report = film_page.reports.get(timeout=WAIT_TIMEOUT_S)
        except Empty:
            pytest.fail("the browser sent no report")

    assert "error" not in report, report
    assert abs(report["duration"] - 20) < 0.2
    assert report["width"] == 320
    assert [round(sample["at"], 1) for sample in report["samples"]] == times
    if source == "downloads":
        for time_s, sample in zip(times, report["samples"], strict=True):
            expected = COLOURS[int(time_s // 5)]
            assert all(abs(a - b) < 40 for a, b in zip(sample["colour"], expected, strict=True)), (
                report
            )
