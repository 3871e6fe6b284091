"""Sounds of people: every usual format to its last sample, and nothing that points elsewhere."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from shared.media.audio.pcm import Samples, decode_sound
from shared.media.audio.probe import (
    NoSound,
    NotASound,
    SoundTooLong,
    UndecodableSound,
    probe_sound,
)
from shared.media.containers.range_file import RangeFile
from shared.media.errors import EmptyFile, PlaylistRefused
from tests.fixtures.media.uploads import (
    SOUND_FORMATS,
    encode_sound,
    make_silent_video,
    make_sound_file,
)

RATE = 48_000
LOSSY_S = 0.06
"""Encoders add up to two frames of silence, which not every container lets a reader cut off."""


def decoded(data: bytes, channels: int = 2, most_s: float = 60) -> Samples:
    blocks = decode_sound(io.BytesIO(data), rate_hz=RATE, channels=channels, max_duration_s=most_s)
    return np.concatenate(list(blocks), axis=1)


def pitch(channel: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(channel[RATE // 2 : RATE * 2]))
    return float(np.argmax(spectrum) * RATE / (RATE * 2 - RATE // 2))


@pytest.mark.parametrize("kind", SOUND_FORMATS)
def test_every_format_is_heard_whole_and_in_tune(kind: str) -> None:
    data = make_sound_file(kind)
    facts = probe_sound(io.BytesIO(data))
    assert facts.rate_hz == SOUND_FORMATS[kind][2]
    sound = decoded(data)
    assert sound.shape[0] == 2
    assert sound.shape[1] / RATE == pytest.approx(3, abs=LOSSY_S)
    steady = sound[:, RATE : 2 * RATE]
    assert np.sqrt((steady**2).mean(axis=1)) == pytest.approx(0.4 / np.sqrt(2), rel=0.06)
    assert pitch(sound[0]) == pytest.approx(440, abs=2)
    if not kind.startswith("mono"):
        assert pitch(sound[1]) == pytest.approx(550, abs=2)


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_lossless_formats_are_exact_to_the_sample(kind: str) -> None:
    assert decoded(make_sound_file(kind)).shape[1] == 3 * RATE


@pytest.mark.parametrize("kind", ["mp3", "wav", "ogg", "flac"])
def test_a_file_that_was_cut_off_gives_what_is_there(kind: str) -> None:
    data = make_sound_file(kind, 6)
    sound = decoded(data[: len(data) * 2 // 3])
    assert 2 < sound.shape[1] / RATE < 5


def test_an_m4a_that_was_cut_off_is_refused() -> None:
    data = make_sound_file("m4a")
    with pytest.raises((NotASound, UndecodableSound, NoSound)):
        decoded(data[: len(data) // 2])


def test_damage_in_the_middle_costs_the_damaged_part() -> None:
    data = bytearray(make_sound_file("mp3", 6))
    middle = len(data) // 2
    data[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    sound = decoded(bytes(data))
    assert 5 < sound.shape[1] / RATE < 6.2
    assert np.isfinite(sound).all()


def test_what_is_longer_than_the_limit_stops_there() -> None:
    with pytest.raises(SoundTooLong):
        decoded(make_sound_file("mp3", 6), most_s=5)


def test_a_small_file_of_endless_silence_stops_at_the_limit() -> None:
    """Eleven hours of silence in FLAC are a few megabytes; a minute shows the same."""
    data = encode_sound(np.zeros((1, 60 * 8000), np.float32), "flac", "flac", 8000)
    assert len(data) < 40_000
    with pytest.raises(SoundTooLong):
        decoded(data, most_s=30)


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"[playlist]\nFile1=file:///etc/passwd\n",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 0\r\n",
        b"<?xml version='1.0'?><MPD/>",
    ],
)
def test_a_playlist_is_refused_before_anything_is_opened(data: bytes) -> None:
    with pytest.raises(PlaylistRefused):
        decoded(data)


@pytest.mark.parametrize(
    "data",
    [b"This is a letter. " * 50, bytes(5000), b"\x89PNG\r\n\x1a\n" + bytes(500), b"ID3",
     b"RIFF\x24\0\0\0WAVE", b"\x1aE\xdf\xa3" + bytes(100)],
)  # fmt: skip
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises((NotASound, NoSound, UndecodableSound)):
        decoded(data)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(EmptyFile):
        decoded(b"")


def test_a_video_without_sound_is_refused() -> None:
    with pytest.raises(NoSound):
        probe_sound(io.BytesIO(make_silent_video()))


def wav(rate: int, channels: int, bits: int = 16, kind: int = 1, body: bytes = bytes(400)) -> bytes:
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", kind, channels, rate, rate * block & 0xFFFFFFFF, block, bits)
    return (
        b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt \x10\0\0\0" + head
        + b"data" + struct.pack("<I", len(body)) + body
    )  # fmt: skip


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (3999, 1), (4_000_000_000, 1), (8000, 64)])
def test_rates_and_channels_that_would_blow_up_are_refused(rate: int, channels: int) -> None:
    with pytest.raises((NotASound, UndecodableSound)):
        decoded(wav(rate, channels))


def test_numbers_that_are_none_become_silence() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0.5] * 2000, "<f4")
    sound = decoded(wav(48000, 1, 32, 3, values.tobytes()))
    assert np.isfinite(sound).all()


def test_six_channels_are_mixed_to_two() -> None:
    body = np.tile(np.array([8000] * 6, "<i2"), 48000).tobytes()
    sound = decoded(wav(48000, 6, 16, 1, body))
    assert sound.shape == (2, 48000)
    assert 0.1 < float(np.abs(sound).max()) <= 1


def test_one_channel_becomes_two_equal_ones_and_back() -> None:
    sound = decoded(make_sound_file("mono-8k"))
    assert np.array_equal(sound[0], sound[1])
    assert decoded(make_sound_file("wav"), channels=1).shape[0] == 1


def test_examining_reads_a_part_of_a_large_file(tmp_path: Path) -> None:
    data = make_sound_file("wav", 60)
    file = RangeFile(lambda at, n: data[at : at + n], len(data))
    assert float(probe_sound(file).duration or 0) == pytest.approx(60, abs=0.01)
    assert file.fetched_bytes < len(data) / 4


def test_a_store_that_fails_is_not_taken_for_the_end_of_the_sound() -> None:
    data = make_sound_file("wav", 20)

    def read(at: int, n: int) -> bytes:
        if at > 2_000_000:
            raise ConnectionError("the store is away")
        return data[at : at + n]

    file = RangeFile(read, len(data))
    with pytest.raises(ConnectionError):
        for _ in decode_sound(file, rate_hz=RATE, channels=2, max_duration_s=60):
            pass
