"""Camera previews in an `<img>`, and recordings of a webcam by the browser."""

from __future__ import annotations

import base64
import json
import math
import time
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Page

from infra.local.suite.handle import SuiteHandle
from shared.media.images.decode import decode_image
from tests.fakes.cameras.encoded_frames import encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fixtures.media.clip_reader import read_clip
from tests.fixtures.media.counter import read_counter, unwrap_counters
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip

pytestmark = pytest.mark.suite
FPS = 15
LOOP_FRAMES = 60 * FPS
PREVIEW_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A camera</title>
<style>body{margin:0}img{display:block;width:384px;height:256px}img:not(.on){display:none}</style>
<img class="on" alt="now"><img alt="next">"""
RELOAD_SCRIPT = """(url) => new Promise((done) => {
  const [now, next] = document.querySelectorAll("img");
  next.onload = () => {
    next.onload = null;
    next.className = "on";
    now.className = "";
    now.src = "";
    done();
  };
  next.src = url + "#again";
})"""
RECORD_SCRIPT = """async ([seconds, mimeType]) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 192, height: 128});
  const context = canvas.getContext("2d");
  const start = performance.now();
  const draw = () => {
    const number = Math.floor((performance.now() - start) / 100);
    const check = (number * 37 + (number >> 5) * 11 + 0x5a) & 0xff;
    const bits = [1];
    for (let n = 13; n >= 0; n--) bits.push((number >> n) & 1);
    for (let n = 7; n >= 0; n--) bits.push((check >> n) & 1);
    bits.push(0);
    bits.forEach((bit, n) => {
      context.fillStyle = bit ? "#d0d0d0" : "#303030";
      context.fillRect((n % 6) * 32, Math.floor(n / 6) * 32, 32, 32);
    });
  };
  draw();
  const drawing = setInterval(draw, 20);
  const recorder = new MediaRecorder(canvas.captureStream(30), {mimeType});
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const stopped = new Promise((done) => { recorder.onstop = done; });
  recorder.start(500);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  recorder.stop();
  await stopped;
  clearInterval(drawing);
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}"""


@pytest.fixture
def http_camera() -> Iterator[HttpCamera]:
    camera = HttpCamera(encode_mjpeg(60, FPS), loops=True)
    yield camera
    camera.stop()


def shown_counter(page: Page) -> int:
    """Returns the counter in the visible picture."""
    return read_counter(decode_image(page.locator("img.on").screenshot(type="png")))


@pytest.mark.extended
def test_preview_continues_without_a_visible_break(
    suite: SuiteHandle, page: Page, http_camera: HttpCamera
) -> None:
    client = suite.client()
    camera = client.call(
        "POST", "/v1/cameras", {"name": "Door", "source": {"url": http_camera.url}}
    )
    url = client.call("POST", f"/v1/cameras/{camera['id']}/preview")["url"]
    page.set_content(PREVIEW_PAGE)
    opened_at = time.monotonic()
    page.eval_on_selector("img.on", "(img, url) => { img.src = url; }", url)
    page.wait_for_function("document.querySelector('img.on').naturalWidth > 0")

    numbers: list[int] = []
    times: list[float] = []

    def read_shown_counter() -> None:
        numbers.append(shown_counter(page))
        times.append(time.monotonic())

    for _ in range(3):
        page.wait_for_timeout(1000)
        read_shown_counter()
    reloaded_at = time.monotonic()
    page.evaluate(RELOAD_SCRIPT, url)
    for _ in range(3):
        read_shown_counter()
        page.wait_for_timeout(1000)

    numbers = unwrap_counters(numbers, LOOP_FRAMES)
    assert numbers == sorted(numbers)
    assert len(set(numbers)) >= 5, "the preview does not move"
    # From the request on: a busy machine may show the first picture of a stream late.
    for first, last, requested_at in ((0, 2, opened_at), (3, 5, reloaded_at)):
        max_count = (times[last] - requested_at) * FPS
        assert numbers[last] - numbers[first] <= max_count, "the preview is faster than the camera"
    assert http_camera.client_count == 1


@pytest.mark.parametrize("codec", ["vp8", "vp9"])
@pytest.mark.extended
def test_webcam_recording_without_a_duration_has_right_times(
    suite: SuiteHandle, page: Page, tmp_path: Path, codec: str
) -> None:
    duration_s = 4
    data = base64.b64decode(
        page.evaluate(RECORD_SCRIPT, [duration_s, f"video/webm;codecs={codec}"])
    )
    clip = read_clip(data)
    assert clip.duration_s == 0, "the file has a duration, so this test shows nothing"
    path = tmp_path / "webcam.webm"
    path.write_bytes(data)
    client = suite.client()

    options = {"every": "0.5", "consent": "true", "purpose": "research"}
    jobs = [
        suite.start_job(client, "frames", path, options={"every": "0.5"}),
        suite.start_job(client, "emotions", path, options=options),
    ]
    finished_jobs = [suite.wait_for_job(client, job) for job in jobs]

    assert [job["status"] for job in finished_jobs] == ["done", "done"], [
        job["error"] for job in finished_jobs
    ]
    media_info = json.loads(
        download_artifact(client, finished_jobs[0], "media-info.json", tmp_path)
    )
    # A busy browser stops late and draws late, so only the file itself shows the duration.
    shown_s = clip.times_s[-1] - clip.times_s[0]
    assert shown_s > duration_s / 2
    assert 0 <= media_info["shown"]["duration_s"] - shown_s < 0.5
    pictures = read_frames_zip(download_artifact(client, finished_jobs[0], "frames.zip", tmp_path))
    numbers = [read_counter(decode_image(data)) for _, data in pictures]
    assert len(numbers) == math.ceil(media_info["shown"]["duration_s"] / 0.5)
    for k, number in enumerate(numbers):
        shown_count = bisect_right(clip.times_s, clip.times_s[0] + Fraction(k, 2))
        assert number == clip.counters[shown_count - 1]
    timeline = json.loads(download_artifact(client, finished_jobs[1], "emotions.json", tmp_path))
    assert len(timeline["frames"]) == len(numbers)
