"""The sample clip of the console: three drawn scenes with music.

python -m infra.tools.console.sample_media     writes functions/console/web/src/media/sample.mp4
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import cos, pi, sin, tau
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from infra.local.setup.console import WEB_FOLDER

SAMPLE_CLIP = WEB_FOLDER / "src" / "media" / "sample.mp4"
WIDTH, HEIGHT, RATE = 640, 360, 24
SCENE_S = 4
_SCALE = 2
"""Scenes are drawn at this multiple of the size, and reduced: this smooths the edges."""
_AUDIO_RATE_HZ = 48_000
_CHORDS_HZ = (
    (261.63, 329.63, 392.00, 523.25),
    (293.66, 369.99, 440.00, 587.33),
    (220.00, 261.63, 329.63, 440.00),
)
"""The notes of each scene, one each half second."""
Rgb = tuple[int, int, int]


def write_sample_clip(path: Path) -> Path:
    """Writes an MP4 of 12 s: H.264 640×360 at 24 fps, AAC."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        options = {"preset": "veryslow", "crf": "27", "g": str(2 * RATE), "threads": "1"}
        video: Any = container.add_stream("libx264", rate=RATE, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio: Any = container.add_stream("aac", rate=_AUDIO_RATE_HZ, layout="mono")
        audio.bit_rate = 48_000
        for number in range(len(SCENES) * SCENE_S * RATE):
            scene, frame_number = divmod(number, SCENE_S * RATE)
            picture = SCENES[scene](frame_number / RATE).resize(
                (WIDTH, HEIGHT), Image.Resampling.LANCZOS
            )
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        sound = av.AudioFrame.from_ndarray(_music()[None], format="s16", layout="mono")
        sound.sample_rate, sound.pts = _AUDIO_RATE_HZ, 0
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
    return path


def draw_hills(t: float) -> Image.Image:
    """Returns the sunrise over hills at `t` seconds."""
    image = _sky((255, 214, 165), (255, 241, 214))
    draw = ImageDraw.Draw(image)
    _disc(draw, 0.68, 0.62 - 0.075 * t, 0.095, (255, 170, 92))
    for layer, (color, base, height) in enumerate(
        [((232, 146, 124), 0.62, 0.10), ((176, 98, 120), 0.74, 0.08), ((92, 60, 104), 0.88, 0.07)]
    ):
        shift = t * 0.02 * (layer + 1)
        _ridge(draw, color, _hill(base, height, shift, layer))
    for bird in range(4):
        x, y = 0.1 + 0.09 * t + 0.05 * bird, 0.2 + 0.03 * (bird % 2) - 0.006 * t
        wing = 0.012 + 0.008 * sin(t * 9 + bird)
        _line(draw, [(x - 0.018, y - wing), (x, y), (x + 0.018, y - wing)], (92, 60, 104), 0.004)
    return image


def draw_sea(t: float) -> Image.Image:
    """Returns a sailing boat on the sea at `t` seconds."""
    image = _sky((106, 184, 222), (226, 244, 246))
    draw = ImageDraw.Draw(image)
    for cloud in range(3):
        x, y = (0.15 + 0.36 * cloud + 0.012 * t) % 1.2 - 0.1, 0.14 + 0.07 * (cloud % 2)
        for part, radius in ((-0.045, 0.035), (0, 0.05), (0.05, 0.032)):
            _disc(draw, x + part, y, radius, (250, 252, 252))
    colors = [(56, 142, 178), (38, 116, 156), (24, 88, 128)]
    for layer, color in enumerate(colors):
        if layer == 1:
            _boat(draw, 0.2 + 0.13 * t, 0.60 + 0.012 * sin(t * 2.2), 0.06 * sin(t * 1.7))
        _ridge(draw, color, _wave(t, layer))
    return image


def draw_city(t: float) -> Image.Image:
    """Returns a city at night, with a train, at `t` seconds."""
    image = _sky((18, 22, 52), (72, 58, 110))
    draw = ImageDraw.Draw(image)
    stars = random.Random(7)  # noqa: S311 - the same stars in every frame
    for _ in range(60):
        _disc(draw, stars.random(), stars.random() * 0.45, 0.0018, (230, 230, 250))
    _disc(draw, 0.8, 0.2, 0.06, (250, 240, 205))
    _disc(draw, 0.775, 0.185, 0.055, (34, 34, 70))
    houses = random.Random(3)  # noqa: S311 - the same houses in every frame
    left = -0.02
    while left < 1:
        width, top = 0.06 + houses.random() * 0.06, 0.34 + houses.random() * 0.28
        _box(draw, left, top, left + width - 0.006, 0.82, (30, 30, 62))
        for column in range(int(width / 0.022)):
            for row in range(int((0.80 - top) / 0.045)):
                is_lit = houses.random() < 0.15 + 0.12 * t
                color = (255, 206, 120) if is_lit else (44, 44, 82)
                x, y = left + 0.008 + column * 0.022, top + 0.02 + row * 0.045
                _box(draw, x, y, x + 0.011, y + 0.022, color)
        left += width
    _box(draw, 0, 0.82, 1, 1, (20, 20, 44))
    for wagon in range(5):
        x = -0.75 + 0.36 * t + 0.13 * wagon
        _box(draw, x, 0.755, x + 0.122, 0.825, (214, 92, 92))
        for window in range(4):
            _box(draw, x + 0.012 + window * 0.027, 0.768, x + 0.03 + window * 0.027, 0.79,
                 (255, 236, 190))  # fmt: skip
    _box(draw, 0, 0.825, 1, 0.835, (110, 106, 140))
    return image


SCENES: Sequence[Callable[[float], Image.Image]] = (draw_hills, draw_sea, draw_city)


def _sky(top: Rgb, bottom: Rgb) -> Image.Image:
    share = np.linspace(0, 1, HEIGHT * _SCALE)[:, None, None]
    rows = np.array(top) * (1 - share) + np.array(bottom) * share
    return Image.fromarray(
        np.broadcast_to(rows, (HEIGHT * _SCALE, WIDTH * _SCALE, 3)).astype(np.uint8).copy()
    )


def _point(x: float, y: float) -> tuple[float, float]:
    return x * WIDTH * _SCALE, y * HEIGHT * _SCALE


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, color: Rgb) -> None:
    """Draws a disc; the radius is a share of the width."""
    (cx, cy), r = _point(x, y), radius * WIDTH * _SCALE
    draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=color)


def _box(
    draw: ImageDraw.ImageDraw, left: float, top: float, right: float, bottom: float, color: Rgb
) -> None:
    draw.rectangle((*_point(left, top), *_point(right, bottom)), fill=color)


def _line(
    draw: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], color: Rgb, width: float
) -> None:
    draw.line([_point(*point) for point in points], color, round(width * WIDTH * _SCALE), "curve")


def _ridge(draw: ImageDraw.ImageDraw, color: Rgb, height: Callable[[float], float]) -> None:
    """Fills everything below a curve."""
    top = [_point(x / 100, height(x / 100)) for x in range(101)]
    draw.polygon([*top, _point(1, 1), _point(0, 1)], fill=color)


def _hill(base: float, height: float, shift: float, layer: int) -> Callable[[float], float]:
    def height_at(x: float) -> float:
        turn = (x + shift) * pi
        return base - height * sin(turn * (2.2 + layer)) * cos(turn * (2 + layer))

    return height_at


def _wave(t: float, layer: int) -> Callable[[float], float]:
    def height_at(x: float) -> float:
        turn = x * (5 - layer) + t * (0.3 + 0.1 * layer)
        return 0.6 + 0.12 * layer + 0.014 * sin(tau * turn + layer)

    return height_at


def _boat(draw: ImageDraw.ImageDraw, x: float, y: float, tilt: float) -> None:
    def turned(dx: float, dy: float) -> tuple[float, float]:
        return _point(
            x + dx * cos(tilt) - dy * sin(tilt) * HEIGHT / WIDTH,
            y + dx * sin(tilt) * WIDTH / HEIGHT + dy * cos(tilt),
        )

    draw.polygon([turned(0, -0.36), turned(0, -0.05), turned(0.1, -0.05)], fill=(250, 248, 240))
    draw.polygon([turned(-0.008, -0.30), turned(-0.008, -0.05), turned(-0.06, -0.05)],
                 fill=(238, 112, 96))  # fmt: skip
    hull = [turned(-0.08, -0.03), turned(0.115, -0.03), turned(0.08, 0.045), turned(-0.055, 0.045)]
    draw.polygon(hull, fill=(120, 66, 58))


def _music() -> NDArray[np.int16]:
    """Returns the samples: a broken chord for each scene."""
    notes = []
    t = np.arange(_AUDIO_RATE_HZ // 2) / _AUDIO_RATE_HZ
    envelope = np.exp(-4 * t) * np.minimum(1, t * 200)
    for chord in _CHORDS_HZ:
        for step in range(SCENE_S * 2):
            pitch = chord[(0, 1, 2, 3, 2, 1, 2, 1)[step % 8]]
            notes.append(envelope * (np.sin(tau * pitch * t) + 0.3 * np.sin(2 * tau * pitch * t)))
    return (7000 * np.concatenate(notes)).astype(np.int16)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(write_sample_clip(SAMPLE_CLIP), SAMPLE_CLIP.stat().st_size, "bytes")
