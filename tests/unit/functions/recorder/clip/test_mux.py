"""A clip that is joined from parts equals the file that FFmpeg writes at once."""

from __future__ import annotations

import io
from collections.abc import Iterable
from heapq import merge
from typing import Any, NamedTuple

import av
import numpy as np
import pytest

from functions.recorder.clip import parts
from functions.recorder.clip.entries import Rows
from functions.recorder.clip.moov import PartHead, write_head
from functions.recorder.clip.mux import mux_part
from functions.recorder.clip.mux_plan import MuxPlan, plan_mux
from functions.recorder.clip.splice import splice
from functions.recorder.packets import SOUND, VIDEO, Packet, Track
from shared.media.containers.boxes import read_top_boxes
from shared.media.containers.chunk_offsets import shift_chunk_offsets
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import run_in_sandbox
from shared.media.sandbox.source import Source
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fixtures.media.clip_reader import is_consecutive, read_clip
from tests.fixtures.media.sandbox_work import to_work
from tests.fixtures.segments import (
    AAC,
    G711,
    STARTED_AT,
    aac_packets,
    g711_packets,
    make_packet_run,
    video_packets,
    video_track,
)

FPS = 15
SOUNDS: dict[str, tuple[Track, Any]] = {
    "aac": (AAC, aac_packets),
    "g711": (G711, g711_packets),
}


class PlannedClip(NamedTuple):
    """A plan and the packets that it refers to."""

    plan: MuxPlan
    data: bytes

    def mux(self, entries: Rows) -> tuple[PartHead, bytes]:
        """The head and the packets of one part."""
        body = io.BytesIO()
        result = run_in_sandbox(
            to_work(mux_part), self.plan.container, self.plan.codecs, self.plan.rates,
            parts.probe_entries_of(self.plan), entries.tobytes(),
            source=Source.from_bytes(self.data),
            sink=body, limits=Limits(60, 512),
        )  # fmt: skip
        return PartHead(result.value, len(body.getvalue())), body.getvalue()

    def join(self) -> bytes:
        """The clip, joined from its parts."""
        muxed = [self.mux(entries) for entries in parts.split_plan(self.plan)]
        head = write_head(self.plan, [part for part, _ in muxed])
        return head + b"".join(body for _, body in muxed)

    def mux_at_once(self) -> bytes:
        """The clip with the `moov` box that FFmpeg writes."""
        part, body = self.mux(self.plan.select(0, len(self.plan.order)))
        ftyp, moov = read_top_boxes(io.BytesIO(part.data), len(part.data))
        shifted = shift_chunk_offsets(part.data[moov.start : moov.end], len(part.data) + 8)
        size = (8 + len(body)).to_bytes(4, "big")
        return part.data[: ftyp.end] + shifted + size + b"mdat" + body


def plan_clip(
    tracks: tuple[Track, ...], *streams: Iterable[Packet], begins_at: float | None = None
) -> PlannedClip:
    """Plans a clip of packets of one connection."""
    packets = list(merge(*streams, key=lambda packet: packet.arrived_at))
    rows = [
        (p.track, p.is_keyframe, p.pts, p.arrived_at, len(p.data), n) for n, p in enumerate(packets)
    ]
    plan = plan_mux(splice([make_packet_run(tracks, rows)]), begins_at, None)
    assert plan is not None
    return PlannedClip(plan, b"".join(packet.data for packet in packets))


def read_packets(clip: bytes) -> list[tuple[Any, ...]]:
    """All packets of a clip, with their times, as FFmpeg reads them."""
    container: Any
    with av.open(io.BytesIO(clip)) as container:
        return [
            (p.stream_index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p))
            for p in container.demux()
            if p.size
        ]


def describe(clip: bytes) -> list[Any]:
    """The duration of a clip and its streams."""
    container: Any
    with av.open(io.BytesIO(clip)) as container:
        return [
            container.duration,
            *((s.type, s.start_time, s.duration, s.frames, s.time_base) for s in container.streams),
        ]


def seek_times(clip: bytes, seconds: int) -> list[Any]:
    """The time of the first picture that is decoded after seeking to each second."""
    container: Any
    with av.open(io.BytesIO(clip)) as container:
        times = []
        for second in range(seconds):
            container.seek(second * 1_000_000)
            frame: Any = next(container.decode(video=0))
            times.append(frame.pts * frame.time_base)
        return times


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_PACKETS", 37)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("begins_at", [None, STARTED_AT + 0.7])
@pytest.mark.parametrize("sound", ["", "aac", "g711"])
@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_parts_make_the_file_that_ffmpeg_writes_at_once(
    codec: str, sound: str, begins_at: float | None
) -> None:
    frames = encode_h264(4, FPS, b_frames=2) if codec == "h264" else encode_mjpeg(4, FPS)
    tracks, streams = [video_track(codec)], [video_packets(frames)]
    if sound:
        track, make_packets = SOUNDS[sound]
        tracks.append(track)
        streams.append(make_packets(4))
    planned = plan_clip(tuple(tracks), *streams, begins_at=begins_at)
    joined, expected = planned.join(), planned.mux_at_once()
    assert describe(joined) == describe(expected)
    if sound != "g711":
        # FFmpeg reads G.711 by chunk, and parts have other chunks.
        assert read_packets(joined) == read_packets(expected)
    assert seek_times(joined, 4) == seek_times(expected, 4)


@pytest.mark.parametrize("seconds", [0.2, pytest.param(240, marks=pytest.mark.sweep), 3])
@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_clip_of_any_length_starts_with_its_moov_box(codec: str, seconds: float) -> None:
    frames = encode_h264(seconds, b_frames=2) if codec == "h264" else encode_mjpeg(seconds)
    clip = read_clip(plan_clip((video_track(codec),), video_packets(frames)).join())
    assert clip.is_fast_start
    assert is_consecutive(clip.counters)
    assert len(clip.counters) == len(frames)
    assert clip.duration_s == pytest.approx(len(frames) / 15, abs=0.01)


@pytest.mark.usefixtures("small_parts")
def test_g711_after_lost_packets_is_still_synchronous() -> None:
    """A file has no times for G.711, so sound after a gap would be played too early."""
    kept = [p for p in g711_packets(4) if not 1 <= p.arrived_at - STARTED_AT < 2.5]
    tracks = (video_track("mjpeg"), G711)
    planned = plan_clip(tracks, video_packets(encode_mjpeg(4, FPS)), kept)
    sound = b"".join(data for stream, *_, data in read_packets(planned.join()) if stream == SOUND)
    expected = [b"\xd5" * 160 if 50 <= n < 125 else bytes([n]) * 160 for n in range(200)]
    assert sound == b"".join(expected)


def test_part_without_pictures_or_without_sound_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_PACKETS", 20)
    frames = [f for f in encode_mjpeg(8, FPS) if not 2 <= f.time_s < 6]
    sound = [p for p in aac_packets(8) if p.arrived_at - STARTED_AT > 1.5]
    planned = plan_clip((video_track("mjpeg"), AAC), video_packets(frames), sound)
    tracks = [set(part["track"].tolist()) for part in parts.split_plan(planned.plan)]
    assert {VIDEO} in tracks
    assert {SOUND} in tracks
    clip = planned.join()
    assert describe(clip) == describe(planned.mux_at_once())
    assert len(read_clip(clip).counters) == len(frames)


def test_clip_of_more_than_four_gigabytes_has_long_offsets() -> None:
    planned = plan_clip((video_track("mjpeg"),), video_packets(encode_mjpeg(2, FPS)))
    muxed = [planned.mux(entries) for entries in np.array_split(planned.plan.tracks[VIDEO], 2)]
    first, second = (part for part, _ in muxed)
    head = write_head(planned.plan, [PartHead(first.data, 5 << 30), second])
    assert b"co64" in head
    offsets = head[head.index(b"co64") + 12 :]
    assert int.from_bytes(offsets[:8], "big") == len(head)
    count = int.from_bytes(head[head.index(b"co64") + 8 :][:4], "big")
    last = int.from_bytes(offsets[8 * (count - 1) : 8 * count], "big")
    assert last >= len(head) + (5 << 30)
