"""Durations are measured: what a file declares or FFmpeg estimates does not count."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest

from functions.upload_trigger.probes.sound import probe_sound_in_sandbox
from shared.media.audio.pcm import decode_sound
from shared.media.audio.probe import probe_sound
from shared.media.errors import SoundTooLong
from shared.media.sandbox.child import SandboxIO
from tests.fixtures.media.sounds import Pauses, change_granules, encode_with_pauses, make_wav
from tests.fixtures.media.uploads import draw_quarters, encode_picture, encode_sound, make_tone

RATE = 48_000
FRAME_S = 0.03
"""At least the length of a frame of every codec here, in seconds."""


def measure(data: bytes, max_duration_s: float = 3600) -> float:
    return float(probe_sound(io.BytesIO(data), max_duration_s=max_duration_s).duration)


def decoded_length(data: bytes) -> float:
    blocks = decode_sound(io.BytesIO(data), rate_hz=RATE, channels=1, max_duration_s=3600)
    return float(sum(block.shape[1] for block in blocks) / RATE)


def begin_silent(container: str, codec: str, **options: str) -> bytes:
    """Returns 4 s of silence and 2 s of noise: the bit rate of the beginning is far too low."""
    noise = np.random.default_rng(1).normal(0, 0.2, (1, 2 * RATE)).astype(np.float32)
    sound = np.concatenate([np.zeros((1, 4 * RATE), np.float32), noise], axis=1)
    return encode_with_pauses(sound, container, codec, RATE, {}, options)


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("adts", "aac", {}),
        ("mp3", "libmp3lame", {"write_xing": "0"}),
        ("ac3", "ac3", {}),
        ("latm", "aac", {}),
        ("mpegts", "aac", {}),
        ("webm", "libopus", {"live": "1"}),
        ("matroska", "aac", {"live": "1"}),
        ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "1000000"}),
    ],
)
def test_sound_that_begins_with_silence(
    container: str, codec: str, options: dict[str, str]
) -> None:
    data = begin_silent(container, codec, **options)

    assert measure(data) == pytest.approx(6, abs=2 * FRAME_S)
    assert measure(data) == pytest.approx(decoded_length(data), abs=FRAME_S)


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "libmp3lame"), ("mp4", "aac"), ("mov", "aac"), ("mp4", "libopus")],
)
@pytest.mark.parametrize("pauses", [{}, {1: 1}], ids=["no pause", "a pause"])
def test_samples_before_an_edit_list_do_not_count(
    container: str, codec: str, pauses: Pauses
) -> None:
    """The delay of an encoder: 1105 samples of MP3 are a part of the first packet."""
    data = encode_with_pauses(make_tone(1.43, RATE), container, codec, RATE, pauses)

    assert measure(data) == pytest.approx(decoded_length(data), abs=0.002)


def _patch(find: bytes, offset: int, value: bytes) -> Callable[[bytes], bytes]:
    def patch(data: bytes) -> bytes:
        at = data.rindex(find) + offset
        return data[:at] + value + data[at + len(value) :]

    return patch


def _with_cover(data: bytes) -> bytes:
    """An MP3 with a cover picture of some hundred kB in its ID3 tag."""
    picture = encode_picture(draw_quarters(64, 64), "JPEG") + bytes(300_000)
    body = b"\0image/jpeg\0\3\0" + picture
    frame = b"APIC" + struct.pack(">IH", len(body), 0) + body
    size = len(frame)
    digits = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + digits + frame + data[data.index(b"\xff\xfb") :]


WRONG_HEADERS: dict[str, tuple[str, str, Callable[[bytes], bytes]]] = {
    "Xing of an hour": ("mp3", "libmp3lame", _patch(b"Info", 8, struct.pack(">I", 137_813))),
    "Xing of a frame": ("mp3", "libmp3lame", _patch(b"Info", 8, struct.pack(">I", 1))),
    "MP3 with a cover": ("mp3", "libmp3lame", _with_cover),
    "FLAC without total": ("flac", "flac", lambda d: d[:21] + b"\xf0\0\0\0\0" + d[26:]),
    "FLAC of 12 hours": ("flac", "flac", lambda d: d[:22] + b"\x7f\xff\xff\xff" + d[26:]),
    "Matroska of a day": (
        "matroska", "aac", lambda d: _patch(b"\x44\x89\x88", 3, struct.pack(">d", 86_400_000))(d)
    ),
    "MP4 of a day": ("mp4", "aac", _patch(b"mvhd", 16, struct.pack(">II", 1000, 86_400_000))),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_HEADERS)
def test_wrong_header(name: str) -> None:
    container, codec, change = WRONG_HEADERS[name]
    data = change(encode_sound(make_tone(5, RATE), container, codec, RATE))

    assert measure(data) == pytest.approx(decoded_length(data), abs=FRAME_S)
    assert measure(data) == pytest.approx(5, abs=2 * FRAME_S)


GRANULES: dict[str, Callable[[int, int], int]] = {
    "last of days": lambda page, granule: 1 << 36 if page == 1 else granule,
    "last of 0": lambda page, granule: 0 if page == 1 else granule,
    "last is missing": lambda page, granule: -1 if page == 1 else granule,
    "one of days": lambda page, granule: 1 << 36 if page == 3 else granule,
    "one 8 s later": lambda page, granule: granule + 8 * RATE if page == 3 else granule,
    "one of 0": lambda page, granule: 0 if page == 3 else granule,
    "one is missing": lambda page, granule: -1 if page == 3 else granule,
    "all an hour later": lambda _, granule: granule + 3600 * RATE if granule > 0 else granule,
}


@pytest.mark.parametrize("codec", ["libopus", "vorbis", "flac"])
@pytest.mark.parametrize("name", GRANULES)
def test_ogg_with_wrong_granules(name: str, codec: str) -> None:
    data = change_granules(encode_sound(make_tone(5, RATE), "ogg", codec, RATE), GRANULES[name])

    # A packet of Vorbis has up to 43 ms.
    assert measure(data) == pytest.approx(5, abs=0.043)
    assert decoded_length(data) == pytest.approx(5, abs=0.043)


@pytest.mark.parametrize("data_bytes", [0, 4_000, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE])
def test_wav_of_a_wrong_size(data_bytes: int) -> None:
    sound = np.asarray(make_tone(5, RATE) * 32_767, np.int16)
    data = make_wav(sound, RATE, data_bytes=data_bytes)

    assert measure(data) == pytest.approx(5, abs=0.001)
    assert decoded_length(data) == pytest.approx(5, abs=0.001)


def test_wav_with_chunks_behind_its_samples() -> None:
    sound = np.asarray(make_tone(5, RATE) * 32_767, np.int16)
    data = make_wav(sound, RATE) + b"LIST" + struct.pack("<I", 20_000) + bytes(20_000)

    assert measure(data) == pytest.approx(5, abs=0.001)
    assert decoded_length(data) == pytest.approx(5, abs=0.001)


def test_amr_is_measured() -> None:
    frame = bytes([0x3C]) + bytes(31)  # 12.2 kbit/s, 20 ms
    silence = bytes([0x7C])  # a frame without data
    data = b"#!AMR\n" + silence * 200 + frame * 50

    assert measure(data) == pytest.approx(5, abs=FRAME_S)


def test_measuring_ends_at_the_limit() -> None:
    data = begin_silent("adts", "aac")

    assert 3 < probe_sound(io.BytesIO(data), max_duration_s=3).duration < 3.1


class _MemoryIO:
    """The part of a SandboxIO that the probe uses."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)


def test_sound_over_the_limit_is_refused_with_the_limit() -> None:
    second = make_wav(np.zeros((1, 4000), np.int16), 4000)
    hours = make_wav(np.zeros((1, 4000 * 7300), np.int16), 4000)

    probe_sound_in_sandbox(cast("SandboxIO", _MemoryIO(second)))
    with pytest.raises(SoundTooLong, match="longer than 120 minutes"):
        probe_sound_in_sandbox(cast("SandboxIO", _MemoryIO(hours)))
