"""Previews have square pixels, whatever the camera's pixels are."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest
from PIL import Image

from functions.recorder.preview.decoder import FRAME_HEADER, PACKET_HEADER, PREVIEW_LIMITS
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from tests.corpus.encoding import run_ffmpeg

_DECODE = declare_work("functions.recorder.preview.decode", "decode_in_sandbox")


def _preview_sizes(stream: bytes) -> set[tuple[int, int]]:
    """The sizes of the previews of an H.264 stream."""
    with av.open(io.BytesIO(stream), "r", format="h264") as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    messages = iter(
        PACKET_HEADER.pack(1000 * number, False) + data for number, data in enumerate(packets, 1)
    )
    out = io.BytesIO()
    source = Source(lambda _offset, _length: next(messages, b""), 1 << 60)
    run_in_sandbox(_DECODE, "h264", 4, source=source, sink=out, limits=PREVIEW_LIMITS)
    data, at, sizes = out.getvalue(), 0, set()
    while at < len(data):
        _, size = FRAME_HEADER.unpack_from(data, at)
        at += FRAME_HEADER.size
        sizes.add(Image.open(io.BytesIO(data[at : at + size])).size)
        at += size
    return sizes


@pytest.mark.parametrize(
    ("size", "aspect", "shown"),
    [
        ("176x144", "12/11", (192, 144)),
        ("352x576", "24/11", (640, 480)),
        ("320x120", "1/2", (320, 240)),
        ("320x240", "1", (320, 240)),
        ("320x240", "0", (320, 240)),
    ],
)
def test_preview_has_square_pixels(size: str, aspect: str, shown: tuple[int, int]) -> None:
    assert Fraction(shown[0], shown[1]) == Fraction(4, 3)
    stream = run_ffmpeg(
        "preview", "h264", "-f", "lavfi", "-i", f"testsrc2=s={size}:r=5:d=1",
        "-vf", f"setsar={aspect}", "-c:v", "libx264", "-preset", "ultrafast",
        "-tune", "zerolatency",
    )  # fmt: skip
    assert _preview_sizes(stream) == {shown}
