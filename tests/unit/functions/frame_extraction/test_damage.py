"""Damaged pictures within a file are reported; intact files give no warning."""

from __future__ import annotations

import random

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


def test_file_without_an_intact_picture_is_refused() -> None:
    data = CLIPS["H.264 in MP4"].encode().path.read_bytes()
    assert process_file(replace_samples(data), "0.1").code == "undecodable-video"
