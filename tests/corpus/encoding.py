"""Encodes files that ClipSpec in tests/fixtures/media/clips.py cannot describe."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.fixtures.media.clips import ClipSpec, cached_file
from tests.fixtures.media.counter import draw_counter

QUICK_OPTIONS = (("preset", "ultrafast"), ("g", "30"), ("bf", "2"))
SHORT_CLIP = ClipSpec(options=QUICK_OPTIONS, frame_count=90)
"""Three seconds of H.264 in MP4 with `moov` last."""
FAST_START_CLIP = ClipSpec(
    options=QUICK_OPTIONS, frame_count=90, container_options=(("movflags", "+faststart"),)
)
MATROSKA_CLIP = ClipSpec(suffix="mkv", options=QUICK_OPTIONS, frame_count=90)
MPEGTS_CLIP = ClipSpec(suffix="ts", options=QUICK_OPTIONS, frame_count=90)


def short_clip_bytes() -> bytes:
    """The bytes of SHORT_CLIP."""
    return clip_bytes(SHORT_CLIP)


def clip_bytes(spec: ClipSpec) -> bytes:
    """The bytes of the clip."""
    return spec.encode().path.read_bytes()


Argument = str | ClipSpec | Callable[[], Path]
"""An argument of FFmpeg; a spec or a callable stands for the file that it creates."""


def run_ffmpeg(key: str, suffix: str, *arguments: Argument) -> bytes:
    """Runs FFmpeg's program with the arguments and an output path. Returns the bytes of the output.
    `key` and the arguments name the file in the cache."""

    def write(path: Path) -> None:
        program = imageio_ffmpeg.get_ffmpeg_exe()
        paths = [_to_argument(argument) for argument in arguments]
        command = [program, "-v", "error", "-nostdin", "-y", *paths, str(path)]
        subprocess.run(command, check=True, capture_output=True)

    named = [arg.__name__ if callable(arg) else arg for arg in arguments]
    return cached_file(f"{key} {named}", suffix, write).read_bytes()


def _to_argument(argument: Argument) -> str:
    if isinstance(argument, str):
        return argument
    return str(argument.encode().path if isinstance(argument, ClipSpec) else argument())


def encode_pictures(
    key: str,
    pictures: Sequence[NDArray[Any]],
    *,
    suffix: str,
    codec: str,
    ndarray_format: str,
    pix_fmt: str,
    options: dict[str, str] | None = None,
    tags: dict[str, int] | None = None,
    rate: int = 10,
) -> bytes:
    """A clip of these frames (arrays in the pixel format `ndarray_format`) with colour tags."""

    def write(path: Path) -> None:
        with av.open(str(path), "w") as out:
            stream: Any = out.add_stream(codec, rate=rate, options=options or {})
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = pix_fmt
            for name, value in (tags or {}).items():
                setattr(stream.codec_context, name, value)
            for number, picture in enumerate(pictures):
                frame: Any = av.VideoFrame.from_ndarray(
                    np.ascontiguousarray(picture), format=ndarray_format
                )
                for name, value in (tags or {}).items():
                    setattr(frame, name, value)
                out.mux(stream.encode(_add_tags(frame, pix_fmt, tags or {}, number)))
            out.mux(stream.encode(None))

    return cached_file(f"encoded {key} {codec} {pix_fmt} {tags}", suffix, write).read_bytes()


def _add_tags(frame: Any, pix_fmt: str, tags: dict[str, int], number: int) -> Any:
    # The conversion reads the tags of the frame; the converted frame needs them again.
    reformat_options = {} if "colorspace" not in tags else {"dst_colorspace": tags["colorspace"]}
    frame = frame.reformat(format=pix_fmt, **reformat_options)
    for name, value in tags.items():
        setattr(frame, name, value)
    frame.pts = number
    return frame


def make_animated_webp(gaps_ms: Sequence[int]) -> bytes:
    """An animated WebP of counters, lossless so that they can be read."""

    def write(path: Path) -> None:
        pictures = [Image.fromarray(draw_counter(n, 96, 64)) for n in range(len(gaps_ms))]
        pictures[0].save(
            path, save_all=True, append_images=pictures[1:], duration=list(gaps_ms), lossless=True
        )

    return cached_file(f"webp {list(gaps_ms)}", "webp", write).read_bytes()
