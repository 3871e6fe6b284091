"""Sounds whose end is missing or damaged are told from complete ones."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from shared.media.audio.probe import SoundHeader, probe_sound
from tests.corpus.encoding import run_ffmpeg
from tests.fixtures.media.clips import cached_file
from tests.fixtures.media.tone_words import write_media

RATE_HZ, DURATION_S = 48_000, 8
FORMS = {
    "flac": ("flac", "flac"), "mp3": ("mp3", "mp3"), "aac": ("adts", "aac"),
    "opus": ("ogg", "libopus"), "wav": ("wav", "pcm_s16le"), "m4a": ("mp4", "aac"),
}  # fmt: skip


@cache
def make_sound(form: str) -> bytes:
    container, codec = FORMS[form]
    noise = np.random.default_rng(1).integers(-9000, 9000, RATE_HZ * DURATION_S, np.int16)
    data = write_media(noise, RATE_HZ, container, codec)
    if form != "m4a":
        return data
    source = cached_file("noise of 8 s", "m4a", lambda path: path.write_bytes(data))
    arguments = ("-i", str(source), "-c", "copy", "-movflags", "+faststart")
    return run_ffmpeg("faststart noise", "m4a", *arguments)


def damage(data: bytes) -> bytes:
    half = len(data) // 2
    return data[:half] + bytes(byte ^ 0x5A for byte in data[half:])


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def find(data: bytes) -> SoundHeader:
    return probe_sound(io.BytesIO(data), max_duration_s=60)


@pytest.mark.parametrize("form", FORMS)
def test_complete_sound_has_its_end(form: str) -> None:
    assert not find(make_sound(form)).is_end_missing


@pytest.mark.parametrize(
    ("form", "change"),
    [
        *((form, damage) for form in ("flac", "mp3", "aac", "opus")),
        *((form, cut) for form in ("flac", "mp3", "opus", "wav", "m4a")),
    ],
)
def test_sound_that_is_damaged_or_cut_off_has_no_end(
    form: str, change: Callable[[bytes], bytes]
) -> None:
    header = find(change(make_sound(form)))
    assert header.is_end_missing
    assert DURATION_S / 3 < header.duration < DURATION_S * 2 / 3


def test_tags_at_the_end_are_no_missing_sound() -> None:
    """A picture in an APEv2 tag is as large as seconds of sound."""
    items = bytes(200_000)
    tag = struct.pack("<8sIIII8x", b"APETAGEX", 2000, len(items) + 32, 1, 0)
    old = b"TAG" + bytes(125)
    assert not find(make_sound("mp3") + tag + items + tag + old).is_end_missing


@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_recorder_that_does_not_know_its_size_is_no_missing_sound(size: int) -> None:
    data = bytearray(make_sound("wav"))
    at = data.index(b"data") + 4
    data[at : at + 4] = size.to_bytes(4, "little")
    header = find(bytes(data))
    assert not header.is_end_missing
    assert header.duration == pytest.approx(DURATION_S, abs=0.1)
