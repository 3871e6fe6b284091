"""Pictures and sounds as people upload them, and as nobody should."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

QUARTERS = ((220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 220, 40))
"""Red, green, blue, yellow: top left, top right, bottom left, bottom right."""


def quartered(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that shows which way is up."""
    image = Image.new("RGB", (width, height))
    for n, colour in enumerate(QUARTERS):
        left, top = n % 2 * (width // 2), n // 2 * (height // 2)
        image.paste(colour, (left, top, width if n % 2 else width // 2, top + -(-height // 2)))
    return image.quantize(8) if mode == "P" else image.convert(mode)


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def turned_jpeg(orientation: int, width: int = 240, height: int = 160) -> bytes:
    """A JPEG whose EXIF says how a camera was held; upright it is `quartered`."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(as_held(quartered(width, height), orientation), "JPEG", exif=exif)


def as_held(image: Image.Image, orientation: int) -> Image.Image:
    """An upright picture as a camera that is held like this stores it."""
    undo = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    return image if undo is None else image.transpose(undo)


def heic(image: Image.Image, orientation: int = 1, **options: Any) -> bytes:
    """A HEIC; `orientation` is what the EXIF of a camera would say, written as irot and imir."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = pillow_heif.from_pillow(image)
    out = io.BytesIO()
    file.save(out, exif=exif.tobytes(), **{"quality": 90, **options})
    return out.getvalue()


def heic_that_claims(data: bytes, width: int, height: int) -> bytes:
    """The same HEIC, whose header (ispe, ISO/IEC 23008-12 §6.5.3) promises another size."""
    at = data.find(b"ispe")
    while at >= 0:
        data = data[: at + 8] + struct.pack(">II", width, height) + data[at + 16 :]
        at = data.find(b"ispe", at + 4)
    return data


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises any size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


SOUNDS = {
    "mp3": ("mp3", "libmp3lame", 44_100),
    "wav": ("wav", "pcm_s16le", 44_100),
    "m4a": ("mp4", "aac", 48_000),
    "ogg": ("ogg", "vorbis", 48_000),
    "opus": ("ogg", "libopus", 48_000),
    "flac": ("flac", "flac", 32_000),
    "float-wav": ("wav", "pcm_f32le", 48_000),
    "webm": ("webm", "libopus", 48_000),
    "mono-8k": ("wav", "pcm_mulaw", 8_000),
}
"""Container, codec and rate by what people call it."""


def tone(seconds: float, rate: int, channels: int = 2) -> NDArray[np.float32]:
    t = np.arange(round(seconds * rate)) / rate
    both = [0.4 * np.sin(2 * np.pi * f * t) for f in (440, 550)][:channels]
    return np.stack(both).astype(np.float32)


def sound_file(kind: str, seconds: float = 3.0) -> bytes:
    """A tone of so many seconds."""
    container, codec, rate = SOUNDS[kind]
    channels = 1 if kind.startswith("mono") else 2
    return written(tone(seconds, rate, channels), container, codec, rate)


def written(sound: NDArray[np.float32], container: str, codec: str, rate: int) -> bytes:
    out = io.BytesIO()
    layout = "mono" if sound.shape[0] == 1 else "stereo"
    with av.open(out, "w", format=container) as file:
        # FFmpeg calls its own Vorbis encoder experimental.
        options = {"strict": "experimental"}
        stream: Any = file.add_stream(codec, rate=rate, layout=layout, options=options)
        for at in range(0, sound.shape[1], rate):
            block = np.ascontiguousarray(sound[:, at : at + rate])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def silent_video() -> bytes:
    """A video without sound."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream: Any = file.add_stream("libx264", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(10):
            file.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        file.mux(stream.encode(None))
    return out.getvalue()
