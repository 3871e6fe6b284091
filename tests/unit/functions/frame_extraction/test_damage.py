"""Damaged pictures within a file are reported; intact files give no warning."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.corpus.byte_edits import replace_samples
from tests.corpus.outcome import process_file
from tests.fixtures.media.clips import ClipSpec

QUICK = (("preset", "ultrafast"), ("g", "10"))
CLIPS = {
    "H.264 in MP4": ClipSpec("mp4", "libx264", 30, options=QUICK, width=96, height=64, noise=40),
    "H.264 with B pictures in TS": ClipSpec(
        "ts", "libx264", 30, options=(*QUICK, ("bf", "2")), width=96, height=64, noise=40
    ),
    "MPEG-2 in a program stream": ClipSpec(
        "mpg", "mpeg2video", 30, options=(("bf", "2"),), width=96, height=64, noise=40
    ),
    "PNG in MOV": ClipSpec("mov", "png", 30, pix_fmt="rgb24", width=96, height=64),
}  # fmt: skip


def _overwrite(data: bytes, length: int) -> bytes:
    """Noise instead of `length` bytes in the middle of the file."""
    at = len(data) // 2
    return data[:at] + random.Random(1).randbytes(length) + data[at + length :]


@pytest.mark.parametrize("name", CLIPS)
def test_damaged_pictures_are_reported(name: str) -> None:
    data = CLIPS[name].encode().path.read_bytes()
    outcome = process_file(_overwrite(data, 300), "0.1")
    assert outcome.code == ""
    assert [warning for warning in outcome.warnings if "damaged" in warning], outcome.warnings


@pytest.mark.parametrize("name", CLIPS)
def test_intact_pictures_give_no_warning(name: str) -> None:
    outcome = process_file(CLIPS[name].encode().path.read_bytes(), "0.1")
    assert outcome.warnings == ()
    assert outcome.counters == tuple(range(0, 30, 3))


_LOSSY = {
    "H.264": ClipSpec("ts", "libx264", 30, options=(*QUICK, ("bf", "1")), width=96, height=64),
    "HEVC": ClipSpec(
        "ts",
        "libx265",
        30,
        options=(("preset", "ultrafast"), ("x265-params", "keyint=10:log-level=none")),
        width=96,
        height=64,
    ),
    "MPEG-2": ClipSpec("ts", "mpeg2video", 30, options=(("g", "10"),), width=96, height=64),
    "MPEG-4": ClipSpec("ts", "mpeg4", 30, options=(("g", "10"),), width=96, height=64),
}


def _pictures(data: bytes) -> list[tuple[int, int]]:
    """Where the packets of each picture begin and end: its PES begins with the second bit of the
    second byte and stream id 0xE0 (ISO/IEC 13818-1 §2.4.3.2)."""
    starts = [at for at in range(0, len(data), 188)
              if data[at + 1] & 0x40 and b"\0\0\1\xe0" in data[at : at + 188]]  # fmt: skip
    return list(pairwise([*starts, len(data)]))


@pytest.mark.parametrize("name", _LOSSY)
@pytest.mark.parametrize("damage", ["lost", "marked as erroneous"])
def test_lost_packets_of_a_transport_stream_are_reported(name: str, damage: str) -> None:
    data = bytearray(_LOSSY[name].encode().path.read_bytes())
    begin, end = _pictures(bytes(data))[13]
    if damage == "lost":
        del data[begin:end]
    else:
        # transport_error_indicator
        data[begin + 1] |= 0x80

    outcome = process_file(bytes(data), "0.1")

    assert outcome.code == ""
    assert [warning for warning in outcome.warnings if "damaged" in warning], outcome.warnings


@pytest.mark.parametrize("name", _LOSSY)
def test_joined_transport_streams_are_not_damaged(name: str) -> None:
    """The counters of the packets begin anew, as if some were lost."""
    data = _LOSSY[name].encode().path.read_bytes()
    assert process_file(data + data + data, "0.1").warnings == ()


def test_file_without_an_intact_picture_is_refused() -> None:
    data = CLIPS["H.264 in MP4"].encode().path.read_bytes()
    assert process_file(replace_samples(data), "0.1").code == "undecodable-video"
