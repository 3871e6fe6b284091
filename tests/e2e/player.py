"""A page with a film in it, as the console's would be: what it shows and says at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

SAMPLE = (64, 64)
"""Width and height in which a picture is looked at."""
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A film</title>
<video crossorigin="anonymous" preload="auto" width="640"></video>"""
_LOAD = """([film, subtitles]) => new Promise((done, fail) => {
  const video = document.querySelector("video");
  if (subtitles) {
    const track = document.createElement("track");
    Object.assign(track, {kind: "subtitles", srclang: "en", src: subtitles, default: true});
    video.append(track);
  }
  video.addEventListener("error", () => fail(new Error(video.error.message)));
  video.addEventListener("canplay", () => done({
    width: video.videoWidth, height: video.videoHeight, duration: video.duration,
  }), {once: true});
  video.src = film;
})"""
_SEEK = """(time) => new Promise((done) => {
  const video = document.querySelector("video");
  video.addEventListener("seeked", () => requestAnimationFrame(() => done(video.currentTime)),
    {once: true});
  video.currentTime = time;
})"""
_PICTURE = """([width, height]) => {
  const video = document.querySelector("video");
  const canvas = Object.assign(document.createElement("canvas"), {width, height});
  const paper = canvas.getContext("2d");
  paper.imageSmoothingQuality = "high";
  paper.drawImage(video, 0, 0, width, height);
  return Array.from(paper.getImageData(0, 0, width, height).data);
}"""
_PLAY = """async (seconds) => {
  const video = document.querySelector("video");
  const start = video.currentTime;
  await video.play();
  while (video.currentTime < start + seconds && !video.ended)
    await new Promise((done) => setTimeout(done, 20));
  video.pause();
  return video.currentTime - start;
}"""
_CUES = """() => {
  const {track} = document.querySelector("track");
  return Array.from(track.activeCues || [], (cue) => cue.text);
}"""


class Player:
    """The film at a signed URL, played by a page of `origin`, which the bucket lets in."""

    def __init__(self, page: Page, origin: str, film: str, subtitles: str | None = None) -> None:
        self._page = page
        page.route(
            f"{origin}/**", lambda route: route.fulfill(body=_PAGE, content_type="text/html")
        )
        page.goto(f"{origin}/film")
        self.facts: dict[str, Any] = page.evaluate(_LOAD, [film, subtitles])
        if subtitles is not None:
            page.wait_for_function("document.querySelector('track').readyState === 2")

    def seek(self, seconds: float) -> float:
        """Go there; → where the player says it is."""
        return float(self._page.evaluate(_SEEK, seconds))

    def play(self, seconds: float) -> float:
        """Play for so long; → how far it came."""
        return float(self._page.evaluate(_PLAY, seconds))

    def picture(self) -> NDArray[np.uint8]:
        """What is shown, RGB, of SAMPLE's size."""
        data = self._page.evaluate(_PICTURE, list(SAMPLE))
        shape = (SAMPLE[1], SAMPLE[0], 4)
        return np.array(data, np.uint8).reshape(shape)[..., :3]

    def words(self) -> list[str]:
        """The subtitles that stand there now."""
        return [str(one) for one in self._page.evaluate(_CUES)]
