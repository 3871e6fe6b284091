"""A page looks at a camera in an `<img>`, and records a webcam by itself."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page

from infra.local.suite.handle import SuiteHandle
from shared.media.images.frame import decode_image
from tests.fakes.cameras import HttpCamera, encode_mjpeg
from tests.fixtures.media.clips import read_counter
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip

pytestmark = pytest.mark.suite
FPS = 15
WATCHING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A camera</title>
<style>body{margin:0}img{display:block;width:384px;height:256px}img:not(.on){display:none}</style>
<img class="on" alt="now"><img alt="next">"""
GO_ON = """(url) => new Promise((done) => {
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
RECORD = """async ([seconds, mimeType]) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 192, height: 128});
  const paper = canvas.getContext("2d");
  const began = performance.now();
  const draw = () => {
    const number = Math.floor((performance.now() - began) / 100);
    const check = (number * 37 + (number >> 5) * 11 + 0x5a) & 0xff;
    const bits = [1];
    for (let n = 13; n >= 0; n--) bits.push((number >> n) & 1);
    for (let n = 7; n >= 0; n--) bits.push((check >> n) & 1);
    bits.push(0);
    bits.forEach((bit, n) => {
      paper.fillStyle = bit ? "#d0d0d0" : "#303030";
      paper.fillRect((n % 6) * 32, Math.floor(n / 6) * 32, 32, 32);
    });
  };
  draw();
  const drawing = setInterval(draw, 20);
  const recorder = new MediaRecorder(canvas.captureStream(30), {mimeType});
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const over = new Promise((done) => { recorder.onstop = done; });
  recorder.start(500);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  recorder.stop();
  await over;
  clearInterval(drawing);
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  let text = "";
  for (const one of bytes) text += String.fromCharCode(one);
  return btoa(text);
}"""


@pytest.fixture
def door() -> Iterator[HttpCamera]:
    camera = HttpCamera(encode_mjpeg(60, FPS), loops=True)
    yield camera
    camera.stop()


def shown(page: Page) -> int:
    """The counter in the picture that a person sees now."""
    return read_counter(decode_image(page.locator("img.on").screenshot(type="png")))


def test_a_preview_goes_on_in_a_page_without_a_visible_break(
    suite: SuiteHandle, page: Page, door: HttpCamera
) -> None:
    client = suite.client()
    camera = client.call("POST", "/v1/cameras", {"name": "Door", "source": {"url": door.url}})
    url = client.call("POST", f"/v1/cameras/{camera['id']}/preview")["url"]
    page.set_content(WATCHING)
    page.eval_on_selector("img.on", "(img, url) => { img.src = url; }", url)
    page.wait_for_function("document.querySelector('img.on').naturalWidth > 0")

    numbers, moments = [], []

    def look() -> None:
        numbers.append(shown(page))
        moments.append(time.monotonic())

    for _ in range(3):
        page.wait_for_timeout(1000)
        look()
    page.evaluate(GO_ON, url)
    for _ in range(3):
        look()
        page.wait_for_timeout(1000)

    assert numbers == sorted(numbers)
    assert len(set(numbers)) >= 5, "it moves"
    # Looking takes its time as well, on a busy machine a second and more.
    lasted = (moments[-1] - moments[0]) * FPS
    assert numbers[-1] - numbers[0] <= lasted + 2 * FPS, "and at its own pace"
    assert door.client_count == 1


@pytest.mark.parametrize("codec", ["vp8", "vp9"])
def test_what_a_browser_recorded_has_right_times_though_it_tells_no_length(
    suite: SuiteHandle, page: Page, tmp_path: Path, codec: str
) -> None:
    seconds = 4
    data = base64.b64decode(page.evaluate(RECORD, [seconds, f"video/webm;codecs={codec}"]))
    with av.open(io.BytesIO(data), "r") as film:
        assert film.duration is None, "else this shows nothing"
    path = tmp_path / "webcam.webm"
    path.write_bytes(data)
    client = suite.client()

    options = {"every": "0.5", "consent": "true", "purpose": "research"}
    jobs = [
        suite.start_job(client, "frames", path, options={"every": "0.5"}),
        suite.start_job(client, "emotions", path, options=options),
    ]
    done = [suite.wait_for_job(client, job) for job in jobs]

    assert [one["status"] for one in done] == ["done", "done"], [one["error"] for one in done]
    media_info = json.loads(download_artifact(client, done[0], "media-info.json", tmp_path))
    assert abs(media_info["shown"]["duration_s"] - seconds) < 0.5
    pictures = read_frames_zip(download_artifact(client, done[0], "frames.zip", tmp_path))
    numbers = [read_counter(decode_image(picture)) for _, picture in pictures]
    assert abs(len(numbers) - seconds / 0.5) <= 1
    for k, number in enumerate(numbers):
        # Ten numbers a second; the first picture may be drawn a moment before it is recorded.
        assert abs(number - numbers[0] - 5 * k) <= 2
    told = json.loads(download_artifact(client, done[1], "emotions.json", tmp_path))
    assert len(told["frames"]) == len(numbers)
