"""Clips in plain colours, which show whether pictures are cropped, stretched or decoded wrongly."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from functions.frame_extraction.pick import pick_frames
from functions.upload_trigger.probes.video import probe
from shared.media.images.frame import BgrImage
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import plan_windows
from shared.recipes.media_info import MediaInfo
from tests.corpus.encoding import run_ffmpeg

RED, GREEN, BLUE = (200, 60, 40), (40, 200, 60), (40, 60, 200)
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-bf", "0")


def make_bars(suffix: str = "mp4", *options: str, codec: tuple[str, ...] = X264) -> bytes:
    """One second of 160×120: red in green, with bars of 20 rows above and below, which are blue."""
    filters = (
        f"color=c={_hex(BLUE)}:s=160x120:r=10:d=1,format=rgb24,"
        f"drawbox=0:20:160:80:{_hex(GREEN)}:fill,drawbox=40:40:80:40:{_hex(RED)}:fill"
    )
    return run_ffmpeg("bars", suffix, "-f", "lavfi", "-i", filters, *codec, *options)


def make_plain(
    colour: tuple[int, int, int],
    size: str,
    aspect: str = "1",
    suffix: str = "mp4",
    codec: tuple[str, ...] = X264,
    *options: str,
) -> bytes:
    """One second of a colour."""
    source = f"color=c={_hex(colour)}:s={size}:r=10:d=1"
    return run_ffmpeg(
        "plain", suffix, "-f", "lavfi", "-i", source, "-vf", f"setsar={aspect}", *codec, *options
    )


def crop_matroska_bars(data: bytes) -> bytes:
    """Adds PixelCropTop and PixelCropBottom of 20 to the last bytes of Video, in the place of most
    of the Void element after it."""
    start = data.index(b"\xe0", data.index(b"\x23\xe3\x83\x84") + 8)
    size = data[start + 1] & 127
    end = start + 2 + size
    void = data.index(b"\xec\1\0\0\0\0\0\0\2\0\0", end)
    crop = b"\x54\xbb\x81\x14\x54\xaa\x81\x14"
    video = bytes((0xE0, 0x80 | (size + 8))) + data[start + 2 : end] + crop
    return data[:start] + video + data[end:void] + b"\xec\x81\0" + data[void + 11 :]


def extract_pictures(data: bytes, max_width: int | None = None) -> tuple[MediaInfo, list[BgrImage]]:
    """The pictures at 0, 0.5, ... s, from as many windows as possible."""
    media_info = probe(io.BytesIO(data), len(data))
    options = FrameOptions.parse({"every": "0.5"} | ({"max_width": max_width} if max_width else {}))
    images = [
        frame.image
        for window in plan_windows(media_info, options, window_work_s=1e-9)
        for frame in pick_frames(io.BytesIO(data), window, options, media_info)
    ]
    return media_info, images


def assert_colour(image: NDArray[np.uint8], x: float, y: float, rgb: tuple[int, int, int]) -> None:
    """The picture has this colour at a position in shares of its width and height."""
    height, width = image.shape[:2]
    found = image[int(y * height), int(x * width)][::-1].astype(int)
    assert np.abs(found - rgb).max() <= 6, f"{found} instead of {rgb} at {x}, {y}"


def assert_bars_cropped(image: NDArray[np.uint8], width: int, height: int) -> None:
    """The picture has this size, no blue bars, and red in the middle."""
    assert image.shape == (height, width, 3)
    for x, y in ((0.03, 0.04), (0.97, 0.04), (0.03, 0.96), (0.97, 0.96)):
        assert_colour(image, x, y, GREEN)
    assert_colour(image, 0.5, 0.5, RED)


def _hex(colour: tuple[int, int, int]) -> str:
    return "0x" + bytes(colour).hex()
