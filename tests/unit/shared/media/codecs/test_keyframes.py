"""Keyframes are recognized in the bitstream of each codec that is examined."""

from __future__ import annotations

import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.media.codecs.keyframes import can_check, find_check, is_start_packet
from tests.corpus.encoding import run_ffmpeg

CODECS = ("av1", "h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "vp8", "vp9")


@pytest.mark.parametrize(
    ("codec", "suffix", "options"),
    [
        ("libx264", "mp4", ("-preset", "ultrafast")),
        ("libx265", "mp4", ("-preset", "ultrafast", "-x265-params", "log-level=none")),
        ("libx265", "ts", ("-preset", "ultrafast", "-x265-params", "log-level=none")),
        ("mpeg1video", "mpg", ("-bf", "2")),
        ("mpeg2video", "ts", ("-bf", "2")),
        ("mpeg4", "mkv", ("-bf", "2")),
        ("libvpx", "webm", ("-deadline", "realtime", "-cpu-used", "8")),
        ("libvpx-vp9", "webm", ("-deadline", "realtime", "-cpu-used", "8")),
        ("libsvtav1", "webm", ("-preset", "12")),
    ],
)
def test_every_fifth_picture_is_a_start(codec: str, suffix: str, options: tuple[str, ...]) -> None:
    source = "testsrc2=s=64x64:r=25:d=1"
    data = run_ffmpeg("starts", suffix, "-f", "lavfi", "-i", source, "-c:v", codec, "-g", "5", *options)  # fmt: skip  # noqa: E501
    with av.open(io.BytesIO(data), "r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        keyframes = [packet.is_keyframe for packet in packets]
        for packet in packets:
            # As a file without a list of sync samples does.
            packet.is_keyframe = True
        starts = [is_start_packet(packet) for packet in packets]
    assert sum(starts) >= 4
    assert starts == keyframes


@given(st.binary(max_size=80), st.one_of(st.none(), st.binary(max_size=40)))
def test_arbitrary_bytes_raise_no_error(packet: bytes, extradata: bytes | None) -> None:
    for codec in CODECS:
        check = find_check(codec)
        assert check is not None
        assert check(packet, extradata) in (True, False)


def test_codecs_that_are_not_examined() -> None:
    assert find_check("cinepak") is None
    assert not can_check("cinepak", intra_only=False)
    assert can_check("mjpeg", intra_only=True)
    assert can_check("png", intra_only=False)
