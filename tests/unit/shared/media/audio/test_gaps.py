"""Pauses in the time stamps of a sound are silence: its length and what follows them is right."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from shared.media.audio.frames import make_silence
from shared.media.audio.gaps import Timed, find_gaps
from shared.media.audio.pcm import Samples, decode_sound
from shared.media.audio.probe import probe_sound
from tests.fixtures.media.sounds import Pauses, encode_with_pauses, set_edits
from tests.fixtures.media.uploads import encode_sound, make_tone

RATE = 48_000
FRAME_S = 0.03
"""At least the length of a frame of every codec here, in seconds."""
PAUSES: Pauses = {1: 2, 2: Fraction(3, 2)}


def decode(data: bytes) -> Samples:
    blocks = decode_sound(io.BytesIO(data), rate_hz=RATE, channels=2, max_duration_s=60)
    return np.concatenate(list(blocks), axis=1)


def silent_ranges(sound: Samples) -> list[tuple[float, float]]:
    """Returns start and end of each silence of at least 50 ms, in seconds."""
    step = RATE // 200
    levels = np.abs(sound[0][: sound.shape[1] // step * step]).reshape(-1, step).max(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], levels < 0.05, [False]])))
    ranges = edges.reshape(-1, 2) / 200
    return [(float(a), float(b)) for a, b in ranges if b - a >= 0.05]


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("mp4", "aac", 48_000),
        ("ipod", "alac", 44_100),
        ("mp4", "flac", 48_000),
        ("webm", "libopus", 48_000),
        ("matroska", "aac", 44_100),
        ("matroska", "libmp3lame", 44_100),
        ("mpegts", "aac", 48_000),
        ("flv", "aac", 44_100),
        ("asf", "wmav2", 44_100),
        ("mpeg", "mp2", 48_000),
    ],
)
def test_pause_is_silence_at_its_time(container: str, codec: str, rate: int) -> None:
    data = encode_with_pauses(make_tone(3, rate), container, codec, rate, PAUSES)
    sound = decode(data)

    assert sound.shape[1] / RATE == pytest.approx(6.5, abs=2 * FRAME_S)
    (first, second) = [item for item in silent_ranges(sound) if 0.5 < item[0] < 6]
    # A pause begins behind the packet that contains its time; those of ALAC and FLAC have 0.1 s.
    tolerance = 0.1 if codec in ("alac", "flac") else 2 * FRAME_S
    assert first == pytest.approx((1, 3), abs=tolerance)
    assert second == pytest.approx((4, 5.5), abs=tolerance)


@pytest.mark.parametrize("codec", ["libopus", "vorbis", "flac"])
def test_pauses_in_ogg_keep_the_length(codec: str) -> None:
    """A page of Ogg has one position: a pause within a page may begin at the page."""
    data = encode_with_pauses(make_tone(3, RATE), "ogg", codec, RATE, PAUSES)
    sound = decode(data)

    assert sound.shape[1] / RATE == pytest.approx(6.5, abs=FRAME_S)
    silence = sum(end - start for start, end in silent_ranges(sound))
    assert silence == pytest.approx(3.5, abs=2 * FRAME_S)


def test_single_packets_that_are_not_sent_are_silence() -> None:
    """Opus leaves out packets of 20 ms while nobody speaks (discontinuous transmission)."""
    pauses: Pauses = {Fraction(n, 10): Fraction(1, 50) for n in range(5, 25)}
    data = encode_with_pauses(make_tone(3, RATE), "webm", "libopus", RATE, pauses)

    assert decode(data).shape[1] / RATE == pytest.approx(3.4, abs=FRAME_S)


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize(
    ("container", "codec"), [("matroska", "aac"), ("flv", "aac"), ("mp4", "aac"), ("ogg", "flac")]
)
def test_rounded_stamps_of_a_sound_without_pauses_change_nothing(
    container: str, codec: str, rate: int
) -> None:
    data = encode_with_pauses(make_tone(3, rate), container, codec, rate, {})

    assert silent_ranges(decode(data)[:, RATE // 2 : -RATE // 2]) == []


EDITS = {
    "one edit": ([(3000, 1024)], 3.0, []),
    "an empty edit at the start": ([(1000, -1), (3000, 1024)], 4.0, [(0.0, 1.0)]),
    "an empty edit in the middle": (
        [(1000, 1024), (2000, -1), (2000, 1024 + RATE)], 5.0, [(1.0, 3.0)]
    ),
    "two empty edits": (
        [(1000, 1024), (500, -1), (1000, 1024 + RATE), (500, -1), (1000, 1024 + 2 * RATE)],
        4.0,
        [(1.0, 1.5), (2.5, 3.0)],
    ),
    "a part left out": ([(1000, 1024), (1000, 1024 + 2 * RATE)], 2.0, []),
    "twenty parts": ([(100, 1024 + n * RATE // 10) for n in range(20)], 2.0, []),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_edit_list_is_played_as_it_says(name: str) -> None:
    edits, length, silences = EDITS[name]
    data = set_edits(encode_sound(make_tone(3, RATE), "mp4", "aac", RATE), edits)
    sound = decode(data)
    measured = float(probe_sound(io.BytesIO(data), max_duration_s=60).duration)

    assert sound.shape[1] / RATE == pytest.approx(length, abs=FRAME_S)
    found = [item for item in silent_ranges(sound) if item[1] - item[0] > 0.2]
    assert measured == pytest.approx(length, abs=FRAME_S)
    assert len(found) == len(silences)
    for item, expected in zip(found, silences, strict=True):
        assert item == pytest.approx(expected, abs=2 * FRAME_S)


def test_intake_measures_the_pauses() -> None:
    data = encode_with_pauses(make_tone(3, RATE), "webm", "libopus", RATE, PAUSES)

    assert float(probe_sound(io.BytesIO(data), max_duration_s=60).duration) == pytest.approx(
        6.5, abs=FRAME_S
    )


@pytest.mark.parametrize("layout", ["mono", "5.1", "7.1", "7.1(wide)", "hexadecagonal"])
@pytest.mark.parametrize("sample_format", ["fltp", "s16", "u8p"])
def test_silence_has_all_channels(layout: str, sample_format: str) -> None:
    """PyAV lists more planes than there are for 8 channels and more: the process crashed."""
    frame = av.AudioFrame(sample_format, layout, 1024)
    frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)

    silence = list(make_silence(frame, RATE + 10))

    assert [block.samples for block in silence] == [RATE, 10]
    value = 128 if sample_format == "u8p" else 0
    planes = silence[1].planes[: frame.layout.nb_channels if frame.format.is_planar else 1]
    assert {byte for plane in planes for byte in bytes(plane)} == {value}


def gaps_of(starts: list[int | None], family: str = "matroska") -> dict[int, int]:
    """Returns the gaps in ms by the number of the item; each item is 20 ms long."""
    items = [Timed(start, 20, number) for number, start in enumerate(starts)]
    return {timed.item: timed.gap for timed in find_gaps(items, 1000, family) if timed.gap}


def test_a_gap_is_before_the_item_that_follows_it() -> None:
    assert gaps_of([0, 20, 40, 1060, 1080]) == {3: 1000}


def test_the_first_stamp_is_the_start() -> None:
    assert gaps_of([3_600_000, 3_600_020, 3_600_140]) == {2: 100}


def test_jitter_does_not_add_up() -> None:
    stamps: list[int | None] = [20 * n + (15 if n % 2 else 0) for n in range(200)]

    assert sum(gaps_of(stamps).values()) <= 15


def test_damaged_stamps_make_no_gap() -> None:
    stamps: list[int | None] = [20 * n for n in range(300)]
    stamps[50:60] = [10_000_000 + 20 * n for n in range(10)]
    stamps[100] = -50_000
    stamps[200] = 20 * 200 + 5000
    stamps[150] = None

    assert gaps_of(stamps) == {}


def test_long_pause_at_the_end_is_kept() -> None:
    assert gaps_of([0, 20, 30_040, 30_060]) == {2: 30_000}


@pytest.mark.parametrize("family", ["mpegts", "mpeg", "ogg"])
def test_clock_of_another_recording_is_no_pause(family: str) -> None:
    assert gaps_of([0, 20, 90_000_000, 90_000_020], family) == {}
    assert gaps_of([90_000_000, 90_000_020, 0, 20, 1040], family) == {4: 1000}
