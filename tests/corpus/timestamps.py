"""Valid videos with unusual timestamps or a missing end. The readable part must be processed, with
a warning if data is missing."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from tests.corpus.build import clip_file, valid_file
from tests.corpus.byte_edits import change_boxes, patch_bytes, remove_timestamps
from tests.corpus.corpus_file import CorpusFile, ExpectedFrames, expected_counters
from tests.corpus.encoding import (
    FAST_START_CLIP,
    MATROSKA_CLIP,
    MPEGTS_CLIP,
    QUICK_OPTIONS,
    SHORT_CLIP,
    clip_bytes,
    make_animated_webp,
    run_ffmpeg,
    short_clip_bytes,
)
from tests.fixtures.media.clip_specs import CLIP_SPECS, RARE_CLIP_SPECS
from tests.fixtures.media.clips import Clip, ClipSpec

VOB_CLIP = ClipSpec(suffix="vob", codec="mpeg2video", options=(("bf", "2"),), frame_count=90)
MPEG1_CLIP = ClipSpec(suffix="mpg", codec="mpeg1video", frame_count=90)
OGG_CLIP = ClipSpec(suffix="ogg", codec="libvpx", options=(("deadline", "realtime"),
    ("cpu-used", "-8")), frame_count=90)  # fmt: skip
M2TS_CLIP = ClipSpec(suffix="m2ts", format="mpegts", options=QUICK_OPTIONS, frame_count=90,
    container_options=(("mpegts_m2ts_mode", "1"),))  # fmt: skip
LIVE_CLIP = ClipSpec(suffix="mkv", options=QUICK_OPTIONS, frame_count=90,
    container_options=(("live", "1"),))  # fmt: skip
GAPS_MS = (100, 400, 100, 250, 650, 100)


def list_files() -> Iterator[CorpusFile]:
    """All files of this module."""
    copy = ("-i", SHORT_CLIP, "-c", "copy")
    yield clip_file("a thousand a second in Matroska", "1 ms a picture", ClipSpec(
        suffix="mkv", options=QUICK_OPTIONS, time_base=Fraction(1, 1000),
        frame_count=900))  # fmt: skip
    dense = ClipSpec(
        suffix="mkv", options=QUICK_OPTIONS, time_base=Fraction(1, 2000), frame_count=900
    )
    yield valid_file("two pictures in a millisecond", "2000 a second in Matroska",
              lambda _: clip_bytes(dense), suffix="mkv", counters=None,
              frame_count=1)  # fmt: skip
    yield valid_file("negative composition offsets", "B-frames, no edit list", lambda _: run_ffmpeg(
        "cts", "mp4", *copy, "-movflags", "negative_cts_offsets", "-use_editlist",
        "0"))  # fmt: skip
    yield valid_file("an empty edit first", "starts 5 s late", lambda _: run_ffmpeg(
        "late", "mp4", "-itsoffset", "5", *copy))  # fmt: skip
    yield valid_file("negative time stamps", "-2 s in MPEG-TS", lambda _: run_ffmpeg(
        "negative", "ts", *copy, "-output_ts_offset", "-2", "-muxdelay", "0"),
        MPEGTS_CLIP)  # fmt: skip
    yield valid_file("most time stamps missing", "every fourth picture of a TS has one",
              lambda _: remove_timestamps(clip_bytes(MPEGTS_CLIP), 4), MPEGTS_CLIP)  # fmt: skip
    yield valid_file("all time stamps missing", "but the first, in a TS",
              lambda _: remove_timestamps(clip_bytes(MPEGTS_CLIP), 10**6), MPEGTS_CLIP)  # fmt: skip
    yield valid_file("fragmented without an index", "one fragment a picture", lambda _: run_ffmpeg(
        "frag", "mp4", *copy, "-movflags", "frag_every_frame+empty_moov"))  # fmt: skip
    yield valid_file("fragmented with a common index", "CMAF with sidx", lambda _: run_ffmpeg(
        "dash", "mp4", *copy, "-movflags", "dash+global_sidx+delay_moov", "-frag_duration",
        "500000"))  # fmt: skip
    for hours in (0.5, 1):
        yield valid_file(
            f"says that it lasts {hours:g} h", "3 s in Matroska",
            lambda _, h=hours: matroska_claiming_hours(h), MATROSKA_CLIP,  # type: ignore[misc]
            warning="ends earlier than it says", common=hours == 1,
        )  # fmt: skip
    yield valid_file(
        "says that it lasts an hour",
        "3 s in an MP4",
        lambda _: _with_duration(short_clip_bytes(), 3600),
    )
    yield valid_file(
        "says that it lasts a tenth",
        "3 s in an MP4",
        lambda _: _with_duration(short_clip_bytes(), 0.3),
    )
    yield valid_file(
        "says that it lasts no time",
        "3 s in an MP4",
        lambda _: _with_duration(short_clip_bytes(), 0),
    )
    uneven = ClipSpec(
        suffix="gif", codec="gif", pix_fmt="rgb8", time_base=Fraction(1, 100), frame_count=20,
        frame_durations=(10, 40, 10, 25, 65))  # fmt: skip
    # FFmpeg gives the last picture the duration of the one before it.
    yield valid_file("GIF with uneven lengths", "0.1 to 0.65 s", lambda _: clip_bytes(uneven),
    uneven,
              counters=lambda: expected_counters(uneven.encode(), "0.5")[:-1],
              common=True)  # fmt: skip
    yield valid_file("GIF with transparency", "overlaid pictures", lambda _: _transparent_gif(),
              suffix="gif", repair="Transparency")  # fmt: skip
    ticks = [sum(GAPS_MS[:n]) for n in range(len(GAPS_MS))]
    clip = Clip(Path(), tuple(Fraction(tick, 1000) for tick in ticks), Fraction(sum(GAPS_MS), 1000))
    yield CorpusFile("animated WebP", "lossless, uneven lengths",
    lambda _: make_animated_webp(GAPS_MS),
              ExpectedFrames(lambda: expected_counters(clip, "0.1"), every="0.1"), "webp",
              in_pipeline_tests=True)  # fmt: skip
    for name, gaps_ms, counters in (
        ("animated WebP without lengths", (0,) * 10, tuple(range(10))),
        ("animated WebP, some lengths of 0", (0, 300, 0, 200), (0, 1, 1, 1, 2, 3, 3)),
    ):
        yield CorpusFile(name, "shown for 0.1 s, as in browsers",
        lambda _, g=gaps_ms: make_animated_webp(g),  # type: ignore[misc]
                  ExpectedFrames(lambda c=counters: c, every="0.1"), "webp")  # type: ignore[misc]  # fmt: skip
    for name, description, spec, keep, frames in (
        ("half an MP4", "index first", FAST_START_CLIP, 0.5, 3),
        ("most of an MP4", "index first", FAST_START_CLIP, 0.8, 5),
        ("half a Matroska", "index lost", MATROSKA_CLIP, 0.5, 3),
        ("most of a Matroska", "index lost", MATROSKA_CLIP, 0.8, 5),
        ("half a TS", "in the middle of a packet", MPEGTS_CLIP, 0.5, 3),
        ("half an M2TS", "packets of 192 bytes", M2TS_CLIP, 0.5, 4),
        ("part of an AVI", "index lost", RARE_CLIP_SPECS["avi-mjpeg"], 0.6, 4),
        ("part of an FLV", "end lost", RARE_CLIP_SPECS["flv"], 0.6, 8),
        ("half an MPEG-PS", "in the middle of a packet", RARE_CLIP_SPECS["mpeg-ps"], 0.5, 7),
        ("most of a VOB", "MPEG-2 in DVD's packs", VOB_CLIP, 0.9, 6),
        ("half of an MPEG-1 system stream", "in the middle of a packet", MPEG1_CLIP, 0.55, 4),
        ("most of an Ogg", "VP8, in the middle of a page", OGG_CLIP, 0.9, 5),
        ("half a WebM of a browser", "in a picture", CLIP_SPECS["webm-live"], 0.5, 11),
        ("most of a Matroska of unknown length", "in a picture", LIVE_CLIP, 0.8, 5),
        ("part of a fragmented MP4", "last fragment lost", CLIP_SPECS["fragmented"], 0.6, 12),
    ):
        yield valid_file(
            name, description, lambda _, s=spec, k=keep: _truncate(s, k), spec,  # type: ignore[misc]
            counters=lambda s=spec, n=frames: expected_counters(s.encode(), "0.5")[:n],
            warning="cut off",
            common=name in ("half an MP4", "half a Matroska"),
        )  # fmt: skip
    # A part of the last picture exists; it is drawn over the picture before it.
    yield valid_file("part of a GIF", "end lost", lambda _: _truncate(RARE_CLIP_SPECS["gif"], 0.6),
    suffix="gif",
              counters=None, frame_count=7, warning="cut off")  # fmt: skip
    yield valid_file("half an animated WebP", "end lost",
    lambda _: _first_half(make_animated_webp(GAPS_MS)),
              suffix="webp", every="0.1", counters=None, frame_count=5,
              warning="cut off")  # fmt: skip


def _first_half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _truncate(spec: ClipSpec, keep: float) -> bytes:
    data = clip_bytes(spec)
    # An odd length, at which no unit of a container ends.
    return data[: int(len(data) * keep) | 1]


def _with_duration(data: bytes, seconds: float) -> bytes:
    """Sets all three durations of an MP4."""
    movie = (b"moov", b"mvhd")
    data = change_boxes(
        data, movie, lambda p: patch_bytes(p, 16, ">I", int(seconds * _time_scale(p)))
    )
    media = (b"moov", b"trak", b"mdia", b"mdhd")
    data = change_boxes(
        data, media, lambda p: patch_bytes(p, 16, ">I", int(seconds * _time_scale(p)))
    )
    track = (b"moov", b"trak", b"tkhd")
    return change_boxes(data, track, lambda p: patch_bytes(p, 20, ">I", int(seconds * 1000)))


def matroska_claiming_hours(hours: float) -> bytes:
    """Three seconds of Matroska with a false duration (RFC 9559 §5.1.2.10)."""
    data = clip_bytes(MATROSKA_CLIP)
    at = data.index(b"\x44\x89\x88") + 3
    return data[:at] + struct.pack(">d", hours * 3_600_000) + data[at + 8 :]


def _time_scale(payload: bytes) -> int:
    scale: int = struct.unpack_from(">I", payload, 12)[0]
    return scale


def _transparent_gif() -> bytes:
    return run_ffmpeg("gif", "gif", "-i", SHORT_CLIP, "-vf",
                  "split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse"
                  )  # fmt: skip
