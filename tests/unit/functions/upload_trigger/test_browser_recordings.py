"""Recordings of browsers, which declare no duration: it is read from their end."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

from functions.upload_trigger.probes.duration import DURATION_REPAIR, find_end_s
from shared.media.containers.range_file import RangeFile
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.clips import ClipSpec
from tests.fixtures.media.frame_oracle import probe_file

CLUSTER = b"\x1f\x43\xb6\x75"


def test_duration_of_a_browser_recording_is_determined() -> None:
    clip = CLIP_SPECS["webm-live"].encode()
    with av.open(str(clip.path)) as container:
        assert container.duration is None
        assert container.streams.video[0].duration is None
    facts = probe_file(clip.path)
    assert facts.duration is not None
    assert abs(facts.duration - clip.end_s) <= Fraction(1, 1000) + Fraction(41, 1000)
    assert DURATION_REPAIR in facts.repairs
    assert DURATION_REPAIR not in probe_file(CLIP_SPECS["webm"].encode().path).repairs


@pytest.mark.parametrize("codec", ["libx264", "mpeg1video"])
def test_duration_of_a_recording_with_checksums_is_determined(codec: str) -> None:
    """FFmpeg's muxer for Matroska writes a CRC-32 before the time of a cluster. Its demuxer derives
    a duration of some ms from the bit rate in the headers of MPEG-1."""
    live = (("live", "1"),)
    clip = ClipSpec(suffix="mkv", codec=codec, frame_count=60, container_options=live).encode()
    assert b"\xbf\x84" in clip.path.read_bytes()
    facts = probe_file(clip.path)
    assert facts.duration is not None
    assert abs(facts.duration - clip.end_s) <= Fraction(2, 1000)


def test_duration_of_a_long_recording_needs_only_its_end() -> None:
    """Megabytes of clusters are skipped, whether or not their lengths are declared."""
    data = CLIP_SPECS["webm-live"].encode().path.read_bytes()
    first = data.index(CLUSTER)
    # An EBML Void (RFC 8794 §11.3.2) before the last clusters stands in for an hour of clusters.
    last = data.rindex(CLUSTER, 0, data.rindex(CLUSTER))
    void = b"\xec\x08" + (40 << 20).to_bytes(7, "big") + bytes(40 << 20)
    long = data[:last] + void + data[last:]
    lengths: list[int] = []

    def read_at(offset: int, length: int) -> bytes:
        lengths.append(length)
        return long[offset : offset + length]

    assert first < last
    assert (
        find_end_s(RangeFile(read_at, len(long)), len(long))
        == probe_file(CLIP_SPECS["webm-live"].encode().path).duration
    )
    assert sum(lengths) < 5 << 20


def test_recording_without_a_last_picture_has_no_duration() -> None:
    data = CLIP_SPECS["webm-live"].encode().path.read_bytes()
    head = data[: data.index(CLUSTER)]

    for broken in (head, head + CLUSTER + b"\x85\xe7\x83\x00\x00\x00", head + CLUSTER * 9, b""):
        assert find_end_s(io.BytesIO(broken), len(broken)) is None
