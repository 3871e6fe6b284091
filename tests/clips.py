"""Clips whose every picture carries its own number, so that a wrong frame cannot hide.

The picture is a grid of 6 × 4 cells, light or dark: a mark, 14 bits of counter, 8 bits of check
sum, a mark. It survives compression and scaling, and does not read when turned or mirrored.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS = 6, 4
COUNTER_BITS, CHECK_BITS = 14, 8
_CACHE_VERSION = "3"


class UnreadableCounterError(AssertionError):
    """The marks or the check sum are wrong: turned, mixed from two, or no picture of ours."""


@dataclass(frozen=True)
class Clip:
    """A made clip: `times` are the presentation times in seconds of the pictures 0, 1, 2, ... as
    they were written, the first at 0; `end` is where the last one ends."""

    path: Path
    times: tuple[Fraction, ...]
    end: Fraction


@dataclass(frozen=True)
class Recipe:
    """How a clip is made. Sizes in pixels as shown; `gaps` cycles through picture lengths in ticks
    of `time_base`; `turn` is (degrees clockwise, mirrored) of the display matrix; `offset_s` is the
    first time written to the container; `grain` is the strength of noise, for large files."""

    suffix: str = "mp4"
    codec: str = "libx264"
    pictures: int = 300
    time_base: Fraction = Fraction(1, 30)
    gaps: tuple[int, ...] = (1,)
    options: tuple[tuple[str, str], ...] = ()
    container_options: tuple[tuple[str, str], ...] = ()
    width: int = 192
    height: int = 128
    pix_fmt: str = "yuv420p"
    turn: tuple[int, bool] = (0, False)
    offset_s: Fraction = Fraction(0)
    sound: bool = False
    grain: int = 0
    format: str | None = field(default=None)

    def make(self) -> Clip:
        ticks = [0]
        for n in range(self.pictures):
            ticks.append(ticks[-1] + self.gaps[n % len(self.gaps)])
        path = cached(f"{self!r}", self.suffix, lambda path: self._write(path, ticks))
        times = tuple(tick * self.time_base for tick in ticks)
        return Clip(path, times[:-1], times[-1])

    def _write(self, path: Path, ticks: list[int]) -> None:
        start = int(self.offset_s / self.time_base)
        with av.open(
            str(path), "w", format=self.format, container_options=dict(self.container_options)
        ) as out:
            rate = 1 / (self.time_base * self.gaps[0])
            stream: Any = out.add_stream(self.codec, rate=rate, options=dict(self.options))
            turned = self.turn[0] in (90, 270)
            stream.width, stream.height = (
                (self.height, self.width) if turned else (self.width, self.height)
            )
            stream.pix_fmt = self.pix_fmt
            stream.codec_context.time_base = self.time_base
            stream.codec_context.thread_count = 1
            if self.turn != (0, False):
                stream.set_display_matrix(display_matrix(*self.turn))
            audio: Any = out.add_stream("aac", rate=44100, layout="mono") if self.sound else None
            dice = np.random.default_rng(1)
            for n, tick in enumerate(ticks[:-1]):
                picture = draw_counter(n, self.width, self.height)
                if self.grain:
                    picture += dice.integers(0, self.grain, picture.shape, np.uint8)
                image = unturn(picture, *self.turn)
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
                frame.pts, frame.time_base = start + tick, self.time_base
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
            if audio is not None:
                _hum(out, audio, float(ticks[-1] * self.time_base))


def draw_counter(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """The picture of `number` (0 to 16383), BGR, with a faint moving texture under the cells."""
    bits = [1, *_bits(number, COUNTER_BITS), *_bits(_check(number), CHECK_BITS), 0]
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    cells = np.array(bits, dtype=np.int16).reshape(ROWS, COLUMNS)[np.ix_(rows, columns)]
    texture = (np.add.outer(np.arange(height), np.arange(width)) + 5 * number) % 32
    return np.repeat((40 + 160 * cells + texture).astype(np.uint8)[..., None], 3, axis=2)


def read_counter(image: NDArray[np.uint8]) -> int:
    """The number in a picture of any size. Raises UnreadableCounterError."""
    height, width = image.shape[:2]
    gray = image.astype(np.float32).mean(axis=2)
    bits = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            top = (2 * row + 1) * height // (2 * ROWS)
            left = (2 * column + 1) * width // (2 * COLUMNS)
            dy, dx = max(1, height // (5 * ROWS)), max(1, width // (5 * COLUMNS))
            bits.append(int(gray[top - dy : top + dy, left - dx : left + dx].mean() > 135))
    number = int("".join(map(str, bits[1 : 1 + COUNTER_BITS])), 2)
    check = int("".join(map(str, bits[1 + COUNTER_BITS : -1])), 2)
    if bits[0] != 1 or bits[-1] != 0 or check != _check(number):
        raise UnreadableCounterError(f"bits {bits}")
    return number


def display_matrix(degrees: int, mirrored: bool) -> list[int]:
    """ISO/IEC 14496-12 §6.2.2 for: mirror left to right, then turn clockwise."""
    cos = {0: 1, 90: 0, 180: -1, 270: 0}[degrees]
    sin = {0: 0, 90: 1, 180: 0, 270: -1}[degrees]
    flip = -1 if mirrored else 1
    one = 1 << 16
    return [flip * cos * one, flip * sin * one, 0, -sin * one, cos * one, 0, 0, 0, 1 << 30]


def unturn(image: NDArray[np.uint8], degrees: int, mirrored: bool) -> NDArray[np.uint8]:
    """What must be coded so that mirroring, then turning clockwise, shows `image`."""
    turned = np.rot90(image, k=degrees // 90)
    return turned[:, ::-1] if mirrored else turned


def damaged(clip: Clip, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of the clip with `change` made to its bytes."""
    return cached(
        f"{clip.path.name} {name}",
        clip.path.suffix[1:],
        lambda path: _write_bytes(path, change(clip.path.read_bytes())),
    )


def sound_only(suffix: str = "mp4") -> Path:
    """Half a second of a tone, and no picture."""

    def write(path: Path) -> None:
        with av.open(str(path), "w") as out:
            _hum(out, out.add_stream("aac", rate=44100, layout="mono"), 0.5)

    return cached("sound only", suffix, write)


def _hum(out: Any, audio: Any, seconds: float) -> None:
    samples = np.sin(np.arange(int(seconds * 44100)) * 2 * np.pi * 220 / 44100)
    frame = av.AudioFrame.from_ndarray(
        (samples * 8000).astype(np.int16)[None], format="s16", layout="mono"
    )
    frame.sample_rate, frame.pts = 44100, 0
    out.mux(audio.encode(frame))
    out.mux(audio.encode(None))


def _bits(value: int, count: int) -> list[int]:
    return [value >> n & 1 for n in reversed(range(count))]


def _check(number: int) -> int:
    return (number * 37 + (number >> 5) * 11 + 0x5A) & 0xFF


@lru_cache(maxsize=1)
def _cache_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"moodreel-clips-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def cached(key: str, suffix: str, write: Callable[[Path], object]) -> Path:
    """The file that `write` makes, made once a machine for each `key`."""
    digest = hashlib.sha256(f"{_CACHE_VERSION} {av.__version__} {key}".encode()).hexdigest()[:20]
    path = _cache_folder() / f"{digest}.{suffix}"
    if not path.exists():
        # Two test processes may make the same clip: each writes its own, the last rename wins.
        fresh = path.with_name(f"{digest}-{os.getpid()}.{suffix}")
        write(fresh)
        fresh.replace(path)
    return path


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


_GOP_2S = (("g", "60"), ("bf", "3"), ("preset", "veryfast"), ("sc_threshold", "0"))

RECIPES: dict[str, Recipe] = {
    "cfr30": Recipe(options=_GOP_2S, pictures=363, sound=True),
    "ntsc": Recipe(options=_GOP_2S, time_base=Fraction(1001, 30000), pictures=333),
    "vfr": Recipe(
        options=_GOP_2S,
        time_base=Fraction(1, 600),
        gaps=(20, 20, 7, 61, 33, 20, 240, 11, 19, 20, 5, 90),
        pictures=240,
    ),
    "long-gop": Recipe(
        options=(("g", "9999"), ("bf", "3"), ("preset", "veryfast"), ("sc_threshold", "0")),
        pictures=450,
    ),
    "open-gop": Recipe(
        options=(
            ("preset", "veryfast"),
            ("x264-params", "open-gop=1:keyint=40:bframes=3"),
        ),
        pictures=300,
    ),
    "mpegts": Recipe(suffix="ts", options=_GOP_2S, pictures=330, sound=True),
    "mpegts-later": Recipe(
        suffix="ts", options=_GOP_2S, pictures=330, offset_s=Fraction(7200), format="mpegts"
    ),
    "mpegts-wrap": Recipe(
        suffix="ts", options=_GOP_2S, pictures=330, offset_s=Fraction(95438), format="mpegts"
    ),
    "mpegts-open": Recipe(
        suffix="ts",
        options=(("preset", "veryfast"), ("x264-params", "open-gop=1:keyint=40:bframes=3")),
        pictures=300,
    ),
    "matroska": Recipe(suffix="mkv", options=_GOP_2S, pictures=300, sound=True),
    "matroska-later": Recipe(
        suffix="mkv", options=_GOP_2S, pictures=300, offset_s=Fraction(37, 10)
    ),
    "webm": Recipe(
        suffix="webm",
        codec="libvpx-vp9",
        options=(("g", "64"), ("deadline", "realtime"), ("cpu-used", "8"), ("b", "300k")),
        pictures=260,
    ),
    # As browsers record: no duration, no cues, and pictures when the camera had them.
    "webm-live": Recipe(
        suffix="webm",
        codec="libvpx",
        time_base=Fraction(1, 1000),
        gaps=(33, 34, 33, 41, 25, 66),
        options=(("g", "64"), ("deadline", "realtime"), ("cpu-used", "8"), ("b", "300k")),
        pictures=260,
        container_options=(("live", "1"),),
    ),
    "rotated-90": Recipe(options=_GOP_2S, pictures=90, turn=(90, False)),
    "rotated-180": Recipe(options=_GOP_2S, pictures=90, turn=(180, False)),
    "rotated-270": Recipe(options=_GOP_2S, pictures=90, turn=(270, False)),
    "mirrored": Recipe(options=_GOP_2S, pictures=90, turn=(0, True)),
    "mirrored-90": Recipe(options=_GOP_2S, pictures=90, turn=(90, True)),
    "mirrored-180": Recipe(options=_GOP_2S, pictures=90, turn=(180, True)),
    "mirrored-270": Recipe(options=_GOP_2S, pictures=90, turn=(270, True)),
    "later": Recipe(options=_GOP_2S, pictures=300, offset_s=Fraction(3, 2)),
    "fragmented": Recipe(
        options=_GOP_2S,
        pictures=300,
        container_options=(("movflags", "frag_keyframe+empty_moov+default_base_moof"),),
    ),
}

# Rarer kinds: other codecs and containers, odd rates, and what decoders and demuxers stumble over.
ODD: dict[str, Recipe] = {
    "hevc": Recipe(
        codec="libx265",
        options=(("preset", "ultrafast"), ("x265-params", "keyint=40:bframes=3:log-level=none")),
        pictures=150,
    ),
    "hevc-mkv": Recipe(
        suffix="mkv",
        codec="libx265",
        options=(("preset", "ultrafast"), ("x265-params", "keyint=40:bframes=4:log-level=none")),
        pictures=150,
    ),
    "av1": Recipe(
        suffix="mkv",
        codec="libsvtav1",
        # Without temporal filtering, which mixes neighbouring pictures.
        options=(("preset", "6"), ("crf", "15"), ("g", "32"), ("svtav1-params", "enable-tf=0")),
        pictures=120,
    ),
    "vp8-alternate-references": Recipe(
        suffix="webm",
        codec="libvpx",
        options=(("auto-alt-ref", "1"), ("lag-in-frames", "16"), ("g", "50"), ("b", "300k")),
        pictures=200,
    ),
    "vp9-alternate-references": Recipe(
        suffix="webm",
        codec="libvpx-vp9",
        options=(("auto-alt-ref", "1"), ("lag-in-frames", "16"), ("g", "50"), ("cpu-used", "8")),
        pictures=120,
    ),
    "avi-h264": Recipe(suffix="avi", options=_GOP_2S, pictures=200),
    "avi-mpeg4": Recipe(suffix="avi", codec="mpeg4", options=(("bf", "2"),), pictures=200),
    "avi-mjpeg": Recipe(suffix="avi", codec="mjpeg", pix_fmt="yuvj420p", pictures=100),
    "flv": Recipe(suffix="flv", options=_GOP_2S, pictures=200),
    "mpeg-ps": Recipe(
        suffix="mpg", codec="mpeg2video", options=(("bf", "2"), ("g", "18")), pictures=200
    ),
    "mpegts-mpeg2": Recipe(
        suffix="ts", codec="mpeg2video", options=(("bf", "2"), ("g", "18")), pictures=200
    ),
    "gif": Recipe(
        suffix="gif", codec="gif", pix_fmt="rgb8", pictures=50, time_base=Fraction(1, 10)
    ),
    "mov-mpeg4": Recipe(suffix="mov", codec="mpeg4", options=(("bf", "2"),), pictures=150),
    "gradual-refresh": Recipe(
        options=(("preset", "veryfast"), ("x264-params", "intra-refresh=1:keyint=40:bframes=0")),
        pictures=200,
    ),
    "gradual-refresh-ts": Recipe(
        suffix="ts",
        options=(("preset", "veryfast"), ("x264-params", "intra-refresh=1:keyint=40:bframes=0")),
        pictures=200,
    ),
    "deep-pyramid": Recipe(
        suffix="mkv",
        options=(
            ("preset", "veryfast"),
            ("x264-params", "bframes=16:b-adapt=0:b-pyramid=normal:keyint=90:ref=8:scenecut=0"),
        ),
        pictures=300,
    ),
    "one-a-second": Recipe(options=(("bf", "3"),), time_base=Fraction(1), pictures=40),
    "one-in-ten-seconds": Recipe(options=(("bf", "2"),), time_base=Fraction(10), pictures=12),
    "1000-a-second": Recipe(options=_GOP_2S, time_base=Fraction(1, 1000), pictures=900),
    "240-a-second": Recipe(options=_GOP_2S, time_base=Fraction(1, 240), pictures=600),
    "one-picture": Recipe(pictures=1),
    "trimmed-by-edit-list": Recipe(options=_GOP_2S, pictures=200, offset_s=Fraction(-7, 5)),
    "ten-bits-444": Recipe(
        options=(("preset", "veryfast"), ("bf", "3")), pix_fmt="yuv444p10le", pictures=60
    ),
}
