"""A browser plays a shared film and jumps about in it: through `downloads`, and from the bucket."""

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

from infra.local.suite.handle import SuiteHandle
from shared.runtime.interpreter import Services
from tests.fixtures.suite.downloads import create_done_job, get, shared_url

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.suite,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)"),
]
COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 220)]
"""Five seconds each."""
PAGE = """<!doctype html><video id="v" muted preload="metadata" crossorigin="anonymous"></video>
<script>
const v = document.getElementById("v"), told = [];
const tell = what => fetch("/told", {method: "POST", body: JSON.stringify(what)});
v.onerror = () => tell({error: v.error.message || v.error.code});
const at = t => new Promise(done => { v.onseeked = done; v.currentTime = t; });
v.onloadeddata = async () => {
  v.onloadeddata = null;
  for (const t of %s) {
    await at(t);
    const c = document.createElement("canvas"); c.width = c.height = 8;
    const x = c.getContext("2d"); x.drawImage(v, 0, 0, 8, 8);
    told.push({at: v.currentTime, colour: [...x.getImageData(4, 4, 1, 1).data].slice(0, 3)});
  }
  tell({duration: v.duration, width: v.videoWidth, told});
};
v.src = %s;
</script>"""


@dataclass
class Stage:
    """A page with a film, and what it tells."""

    port: int = 0
    told: Queue[dict[str, Any]] = field(default_factory=Queue)
    page: str = ""


@pytest.fixture(scope="module")
def stage(suite: SuiteHandle) -> Iterator[Stage]:
    """A server of pages, whose origin may read what `downloads` answers."""
    here = Stage()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(here.page.encode())

        def do_POST(self) -> None:
            here.told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    suite.restart("downloads", {"MOODREEL_ALLOWED_ORIGINS": f"http://127.0.0.1:{here.port}"})
    yield here
    suite.restart("downloads")
    server.shutdown()
    server.server_close()


def film(path: Path, *, noise: int) -> bytes:
    """20 s of four colours with a keyframe a second; `noise` makes it heavy."""
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
def browsing(url: str, folder: Path) -> Iterator[None]:
    """Chromium at an address for the time of the block."""
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


@pytest.mark.parametrize(("noise", "through"), [(0, "downloads"), (60, "the bucket")])
def test_a_film_is_seeked_in_both_directions(
    suite: SuiteHandle, services: Services, stage: Stage, tmp_path: Path, noise: int, through: str
) -> None:
    content = film(tmp_path / "film.mp4", noise=noise)
    _, token = create_done_job(
        services, "someone", content, name="film.mp4", content_type="video/mp4"
    )
    url = shared_url(suite, token) + "?disposition=inline"
    if through == "the bucket":
        assert len(content) > 8 << 20
        assert get(url).status == 302
    times = [17.5, 2.5, 12.5, 7.5]
    page = PAGE % (json.dumps(times), json.dumps(url))
    # Pixels may be read of what comes with our own CORS headers; the bucket gives none for results.
    stage.page = (
        page
        if through == "downloads"
        else page.replace('crossorigin="anonymous"', "").replace(
            "x.getImageData(4, 4, 1, 1).data", "[]"
        )
    )
    with browsing(f"http://127.0.0.1:{stage.port}/", tmp_path / "profile"):
        try:
            told = stage.told.get(timeout=120)
        except Empty:
            pytest.fail("the browser told nothing")

    assert "error" not in told, told
    assert abs(told["duration"] - 20) < 0.2
    assert told["width"] == 320
    assert [round(one["at"], 1) for one in told["told"]] == times
    if through == "downloads":
        for moment, one in zip(times, told["told"], strict=True):
            wanted = COLOURS[int(moment // 5)]
            assert all(abs(a - b) < 40 for a, b in zip(one["colour"], wanted, strict=True)), told
