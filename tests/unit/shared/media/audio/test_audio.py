"""Uploaded sounds: every usual format is decoded completely, other files are refused."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from shared.media.audio.pcm import Samples, decode_sound
from shared.media.audio.probe import probe_sound
from shared.media.containers.range_file import RangeFile
from shared.media.errors import (
    EmptyFile,
    NoSound,
    NotASound,
    PlaylistRefused,
    SoundTooLong,
    UndecodableSound,
)
from tests.fixtures.media.uploads import (
    SOUND_FORMATS,
    encode_sound,
    make_silent_video,
    make_sound_file,
)

RATE = 48_000
LOSSY_S = 0.06
"""Encoders add up to two frames of silence, which not every container allows to trim."""


def decode(data: bytes, channels: int = 2, max_duration_s: float = 60) -> Samples:
    blocks = decode_sound(
        io.BytesIO(data), rate_hz=RATE, channels=channels, max_duration_s=max_duration_s
    )
    return np.concatenate(list(blocks), axis=1)


def dominant_frequency(channel: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(channel[RATE // 2 : RATE * 2]))
    return float(np.argmax(spectrum) * RATE / (RATE * 2 - RATE // 2))


@pytest.mark.parametrize("name", SOUND_FORMATS)
def test_every_format_decodes_completely_and_in_tune(name: str) -> None:
    data = make_sound_file(name)
    header = probe_sound(io.BytesIO(data), max_duration_s=60)
    assert header.rate_hz == SOUND_FORMATS[name][2]
    sound = decode(data)
    assert sound.shape[0] == 2
    assert sound.shape[1] / RATE == pytest.approx(3, abs=LOSSY_S)
    steady = sound[:, RATE : 2 * RATE]
    assert np.sqrt((steady**2).mean(axis=1)) == pytest.approx(0.4 / np.sqrt(2), rel=0.06)
    assert dominant_frequency(sound[0]) == pytest.approx(440, abs=2)
    if not name.startswith("mono"):
        assert dominant_frequency(sound[1]) == pytest.approx(550, abs=2)


@pytest.mark.parametrize("name", ["wav", "flac"])
def test_lossless_formats_have_the_exact_length(name: str) -> None:
    assert decode(make_sound_file(name)).shape[1] == 3 * RATE


@pytest.mark.parametrize("name", ["mp3", "wav", "ogg", "flac"])
def test_truncated_file_decodes_up_to_its_end(name: str) -> None:
    data = make_sound_file(name, 6)
    sound = decode(data[: len(data) * 2 // 3])
    assert 2 < sound.shape[1] / RATE < 5


def test_truncated_m4a_is_refused() -> None:
    data = make_sound_file("m4a")
    with pytest.raises((NotASound, UndecodableSound, NoSound)):
        decode(data[: len(data) // 2])


def test_damaged_packets_are_skipped() -> None:
    data = bytearray(make_sound_file("mp3", 6))
    middle = len(data) // 2
    data[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    sound = decode(bytes(data))
    assert 5 < sound.shape[1] / RATE < 6.2
    assert np.isfinite(sound).all()


def test_sound_over_the_limit_is_refused() -> None:
    with pytest.raises(SoundTooLong):
        decode(make_sound_file("mp3", 6), max_duration_s=5)


def test_small_file_with_long_silence_is_refused() -> None:
    """Eleven hours of silence are a few megabytes of FLAC; the test uses one minute."""
    data = encode_sound(np.zeros((1, 60 * 8000), np.float32), "flac", "flac", 8000)
    assert len(data) < 40_000
    with pytest.raises(SoundTooLong):
        decode(data, max_duration_s=30)


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
def test_playlist_is_refused_before_it_is_opened(data: bytes) -> None:
    with pytest.raises(PlaylistRefused):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [b"This is a letter. " * 50, bytes(5000), b"\x89PNG\r\n\x1a\n" + bytes(500), b"ID3",
     b"RIFF\x24\0\0\0WAVE", b"\x1aE\xdf\xa3" + bytes(100)],
)  # fmt: skip
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises((NotASound, NoSound, UndecodableSound)):
        decode(data)


def test_empty_file_is_refused() -> None:
    with pytest.raises(EmptyFile):
        decode(b"")


def test_video_without_sound_is_refused() -> None:
    with pytest.raises(NoSound):
        probe_sound(io.BytesIO(make_silent_video()), max_duration_s=60)


def make_wav(
    rate: int, channels: int, bits: int = 16, format_tag: int = 1, body: bytes = bytes(400)
) -> bytes:
    block = channels * bits // 8
    head = struct.pack(
        "<HHIIHH", format_tag, channels, rate, rate * block & 0xFFFFFFFF, block, bits
    )
    return (
        b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt \x10\0\0\0" + head
        + b"data" + struct.pack("<I", len(body)) + body
    )  # fmt: skip


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (3999, 1), (4_000_000_000, 1), (8000, 64)])
def test_excessive_rates_and_channels_are_refused(rate: int, channels: int) -> None:
    with pytest.raises((NotASound, UndecodableSound)):
        decode(make_wav(rate, channels))


def test_nan_and_infinity_become_silence() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0.5] * 2000, "<f4")
    sound = decode(make_wav(48000, 1, 32, 3, values.tobytes()))
    assert np.isfinite(sound).all()


def test_mono_is_copied_to_both_channels() -> None:
    sound = decode(make_sound_file("mono-8k"))
    assert np.array_equal(sound[0], sound[1])
    assert decode(make_sound_file("wav"), channels=1).shape[0] == 1


def test_probe_reads_a_part_of_a_large_file(tmp_path: Path) -> None:
    data = make_sound_file("wav", 60)
    file = RangeFile(lambda at, n: data[at : at + n], len(data))
    assert float(probe_sound(file, max_duration_s=60).duration) == pytest.approx(60, abs=0.01)
    assert file.fetched_bytes < len(data) / 4


def test_read_error_is_not_the_end_of_the_sound() -> None:
    data = make_sound_file("wav", 20)

    def read(at: int, n: int) -> bytes:
        if at > 2_000_000:
            raise ConnectionError("the store is unavailable")
        return data[at : at + n]

    file = RangeFile(read, len(data))
    with pytest.raises(ConnectionError):
        for _ in decode_sound(file, rate_hz=RATE, channels=2, max_duration_s=60):
            pass
