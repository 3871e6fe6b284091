"""A sample clip for `run frames` without a file: moving shapes, a counter, a tone."""

from __future__ import annotations

from fractions import Fraction
from math import cos, pi, sin, tau
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, RATE = 1280, 720, 30
AUDIO_RATE_HZ = 48_000
_DIGITS = {
    "0": "111101101101111",
    "1": "010110010010111",
    "2": "111001111100111",
    "3": "111001111001111",
    "4": "101101111001001",
    "5": "111100111001111",
    "6": "111100111101111",
    "7": "111001010010010",
    "8": "111101111101111",
    "9": "111101111001111",
    ".": "000000000000010",
    "s": "000011110011110",
}
_INK = (240, 236, 232)
# One note per second: a shift between sound and picture can be heard.
_SCALE_HZ = (261.6, 293.7, 329.6, 349.2, 392.0, 440.0, 493.9, 523.3)


def write_sample_clip(path: Path, duration_s: float = 10) -> Path:
    """Writes an MP4 of `duration_s` to `path`: H.264 1280×720 at 30 fps, a GOP of two seconds,
    AAC."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        options = {"preset": "veryfast", "crf": "22", "g": str(2 * RATE), "bf": "3"}
        video_stream: Any = container.add_stream("libx264", rate=RATE, options=options)
        video_stream.width, video_stream.height, video_stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        # The frames are converted to YUV with BT.601. Without the tag, players assume BT.709 at
        # this size.
        video_stream.codec_context.colorspace = 6
        audio_stream: Any = container.add_stream("aac", rate=AUDIO_RATE_HZ, layout="mono")
        background = _background()
        for number in range(round(duration_s * RATE)):
            frame = av.VideoFrame.from_ndarray(_picture(background, number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video_stream.encode(frame))
        container.mux(video_stream.encode(None))
        audio_frame = av.AudioFrame.from_ndarray(
            _tone(duration_s)[None], format="s16", layout="mono"
        )
        audio_frame.sample_rate, audio_frame.pts = AUDIO_RATE_HZ, 0
        container.mux(audio_stream.encode(audio_frame))
        container.mux(audio_stream.encode(None))
    return path


def _background() -> NDArray[np.uint8]:
    """Returns a gradient from blue (top) to orange (bottom)."""
    down = np.linspace(0, 1, HEIGHT)[:, None]
    across = np.linspace(0, 1, WIDTH)[None, :]
    red = 24 + 150 * down**2 + 30 * across * down
    green = 30 + 60 * down**2 + 12 * (1 - across)
    blue = 66 + 40 * (1 - down) + 10 * across
    return np.stack(np.broadcast_arrays(red, green, blue), axis=2).astype(np.uint8)


def _picture(background: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    t = number / RATE
    image = background.copy()
    _disc(
        image,
        WIDTH * (0.5 + 0.36 * cos(t * 0.8)),
        430 - 250 * abs(sin(t * 0.8)),
        74,
        (255, 196, 92),
    )
    for ball in range(3):
        x = WIDTH * (0.15 + 0.7 * ((t / (5 + ball) + ball / 3) % 1))
        y = 560 - 170 * abs(sin(pi * (t * 0.9 + ball / 3)))
        _disc(image, x, y, 34, [(232, 98, 88), (94, 196, 176), (140, 128, 232)][ball])
    image[600:] = (image[600:] * 0.55).astype(np.uint8)
    _write(image, f"{t:05.2f}s", 48, 48, 10)
    _write(image, f"{number:04d}", WIDTH - 48 - 4 * 40 + 10, 48, 10)
    progress_px = int(WIDTH * (t % 1))
    image[HEIGHT - 12 :, :progress_px] = _INK
    return image


def _disc(
    image: NDArray[np.uint8], x: float, y: float, radius: int, colour: tuple[int, int, int]
) -> None:
    """Draws a disc with a soft edge of one pixel. Only its bounding square is touched."""
    top, left = max(0, int(y) - radius - 1), max(0, int(x) - radius - 1)
    bottom, right = min(HEIGHT, int(y) + radius + 2), min(WIDTH, int(x) + radius + 2)
    rows, columns = np.ogrid[top:bottom, left:right]
    cover = np.clip(radius + 0.5 - np.hypot(rows - y, columns - x), 0, 1)[..., None]
    area = image[top:bottom, left:right]
    area[...] = (area * (1 - cover) + np.array(colour) * cover).astype(np.uint8)


def _write(image: NDArray[np.uint8], text: str, left: int, top: int, cell: int) -> None:
    for character in text:
        bits = np.array([bit == "1" for bit in _DIGITS[character]]).reshape(5, 3)
        shape = np.kron(bits, np.ones((cell, cell), dtype=bool))
        image[top : top + 5 * cell, left : left + 3 * cell][shape] = _INK
        left += 4 * cell


def _tone(seconds: float) -> NDArray[np.int16]:
    t = np.arange(round(seconds * AUDIO_RATE_HZ)) / AUDIO_RATE_HZ
    pitch = np.array(_SCALE_HZ)[t.astype(int) % len(_SCALE_HZ)]
    phase = np.cumsum(pitch / AUDIO_RATE_HZ) * tau
    envelope = np.exp(-3 * (t % 1)) * np.minimum(1, (t % 1) * 200)
    return (9000 * envelope * (np.sin(phase) + 0.3 * np.sin(2 * phase))).astype(np.int16)
