"""Transport streams in which only some pictures have a time stamp: the others follow at the rate of
the pictures (ISO/IEC 13818-1 §2.4.3.7 allows 0.7 s without one)."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest

from shared.media.containers.demux import open_container
from tests.corpus.byte_edits import remove_timestamps
from tests.corpus.outcome import process_file
from tests.fixtures.media.clips import ClipSpec

COUNT = 24
RATES = {"12.5": Fraction(25, 2), "NTSC": Fraction(30000, 1001), "15": Fraction(15)}
CODECS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "MPEG-4": ("mpeg4", (("g", "12"),)),
    "MPEG-4 with B pictures": ("mpeg4", (("g", "12"), ("bf", "2"))),
    "H.264": ("libx264", (("preset", "ultrafast"), ("g", "8"), ("bf", "2"))),
    "HEVC": (
        "libx265",
        (("preset", "ultrafast"), ("x265-params", "keyint=8:bframes=2:log-level=none")),
    ),
}


def clip(name: str, rate: str) -> bytes:
    codec, options = CODECS[name]
    base = 1 / RATES[rate]
    spec = ClipSpec("ts", codec, COUNT, time_base=base, options=options, width=96, height=64)
    return spec.encode().path.read_bytes()


@pytest.mark.parametrize("keep", [1, 4])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", CODECS)
def test_pictures_without_a_time_stamp_are_at_their_times(name: str, rate: str, keep: int) -> None:
    data = remove_timestamps(clip(name, rate), keep)

    outcome = process_file(data, "1/15")

    times = (Fraction(k, 15) for k in range(2 * COUNT))
    expected = [int(time_s * RATES[rate]) for time_s in times if time_s < COUNT / RATES[rate]]
    assert outcome.counters == tuple(expected)
    assert outcome.warnings == ()


@pytest.mark.parametrize("name", CODECS)
def test_second_recording_begins_at_the_end_of_the_first(name: str) -> None:
    data = clip(name, "15")

    outcome = process_file(data + data, "1/15")

    assert outcome.counters == (*range(COUNT), *range(COUNT))
    assert outcome.warnings == ()


def test_packets_of_sound_keep_their_time_stamps() -> None:
    """FFmpeg's estimates are wrong for the pictures of MPEG-4 only."""
    data = ClipSpec("ts", "mpeg4", COUNT, has_sound=True).encode().path.read_bytes()

    with open_container(io.BytesIO(data)) as container:
        packets = [packet for packet in container.demux(container.streams.audio[0]) if packet.size]

    assert len(packets) > 1
    assert all(packet.pts is not None for packet in packets)
