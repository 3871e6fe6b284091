"""Odd times and missing ends: what is there must come out right, and be told."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from tests.corpus.build import clip_row, odd_row
from tests.corpus.byte_edits import change, patched, without_stamps
from tests.corpus.corpus_file import Done, Row, shown
from tests.corpus.encoding import (
    FAST_START,
    MATROSKA,
    QUICK,
    SHORT,
    STREAM,
    animated_webp,
    bytes_of,
    ffmpeg,
    short,
)
from tests.fixtures.media.clips import ODD, RECIPES, Clip, Recipe

GAPS_MS = (100, 400, 100, 250, 650, 100)


def rows() -> Iterator[Row]:
    """All of them."""
    copy = ("-i", SHORT, "-c", "copy")
    yield clip_row("a thousand a second in Matroska", "1 ms a picture", Recipe(
        suffix="mkv", options=QUICK, time_base=Fraction(1, 1000), pictures=900))  # fmt: skip
    crowded = Recipe(suffix="mkv", options=QUICK, time_base=Fraction(1, 2000), pictures=900)
    yield odd_row("two pictures in a millisecond", "2000 a second in Matroska",
              lambda _: bytes_of(crowded), suffix="mkv", counters=None, frames=1)  # fmt: skip
    yield odd_row("negative composition offsets", "B-frames, no edit list", lambda _: ffmpeg(
        "cts", "mp4", *copy, "-movflags", "negative_cts_offsets", "-use_editlist",
        "0"))  # fmt: skip
    yield odd_row("an empty edit first", "starts 5 s late", lambda _: ffmpeg(
        "late", "mp4", "-itsoffset", "5", *copy))  # fmt: skip
    yield odd_row("negative time stamps", "-2 s in MPEG-TS", lambda _: ffmpeg(
        "negative", "ts", *copy, "-output_ts_offset", "-2", "-muxdelay", "0"), STREAM)  # fmt: skip
    yield odd_row("most time stamps missing", "every fourth picture of a TS has one",
              lambda _: without_stamps(bytes_of(STREAM), 4), STREAM)  # fmt: skip
    yield odd_row("all time stamps missing", "but the first, in a TS",
              lambda _: without_stamps(bytes_of(STREAM), 10**6), STREAM)  # fmt: skip
    yield odd_row("fragmented without an index", "one fragment a picture", lambda _: ffmpeg(
        "frag", "mp4", *copy, "-movflags", "frag_every_frame+empty_moov"))  # fmt: skip
    yield odd_row("fragmented with a common index", "CMAF with sidx", lambda _: ffmpeg(
        "dash", "mp4", *copy, "-movflags", "dash+global_sidx+delay_moov", "-frag_duration",
        "500000"))  # fmt: skip
    for hours in (0.5, 1):
        yield odd_row(
            f"says that it lasts {hours:g} h", "3 s in Matroska",
            lambda _, h=hours: says_hours(h), MATROSKA,  # type: ignore[misc]
            warning="ends earlier than it says", common=hours == 1,
        )  # fmt: skip
    yield odd_row("says that it lasts an hour", "3 s in an MP4", lambda _: _says(short(), 3600))
    yield odd_row("says that it lasts a tenth", "3 s in an MP4", lambda _: _says(short(), 0.3))
    yield odd_row("says that it lasts no time", "3 s in an MP4", lambda _: _says(short(), 0))
    uneven = Recipe(
        suffix="gif", codec="gif", pix_fmt="rgb8", time_base=Fraction(1, 100), pictures=20,
        gaps=(10, 40, 10, 25, 65))  # fmt: skip
    # FFmpeg writes the last picture's length as the one before it has.
    yield odd_row("GIF with uneven lengths", "0.1 to 0.65 s", lambda _: bytes_of(uneven), uneven,
              counters=lambda: shown(uneven.make(), "0.5")[:-1], common=True)  # fmt: skip
    yield odd_row("GIF with transparency", "pictures laid over each other", lambda _: _gif(),
              suffix="gif", repair="Transparency")  # fmt: skip
    ticks = [sum(GAPS_MS[:n]) for n in range(len(GAPS_MS))]
    clip = Clip(Path(), tuple(Fraction(one, 1000) for one in ticks), Fraction(sum(GAPS_MS), 1000))
    yield Row("animated WebP", "lossless, uneven lengths", lambda _: animated_webp(GAPS_MS),
              Done(lambda: shown(clip, "0.1"), every="0.1"), "webp", common=True)  # fmt: skip
    for name, told, recipe, keep, frames in (
        ("half an MP4", "index first", FAST_START, 0.5, 3),
        ("most of an MP4", "index first", FAST_START, 0.8, 5),
        ("half a Matroska", "index lost", MATROSKA, 0.5, 3),
        ("most of a Matroska", "index lost", MATROSKA, 0.8, 5),
        ("half a TS", "in the middle of a packet", STREAM, 0.5, 3),
        ("part of an AVI", "index lost", ODD["avi-mjpeg"], 0.6, 4),
        ("part of an FLV", "end lost", ODD["flv"], 0.6, 8),
        ("part of a fragmented MP4", "last fragment lost", RECIPES["fragmented"], 0.6, 12),
    ):
        yield odd_row(
            name, told, lambda _, r=recipe, k=keep: _part(r, k), recipe,  # type: ignore[misc]
            counters=lambda r=recipe, n=frames: shown(r.make(), "0.5")[:n], warning="cut off",
            common=name in ("half an MP4", "half a Matroska"),
        )  # fmt: skip
    # Of the last picture a part is there, laid over the one before it.
    yield odd_row("part of a GIF", "end lost", lambda _: _part(ODD["gif"], 0.6), suffix="gif",
              counters=None, frames=7, warning="cut off")  # fmt: skip
    yield odd_row("half an animated WebP", "end lost", lambda _: _half(animated_webp(GAPS_MS)),
              suffix="webp", every="0.1", counters=None, frames=5, warning="cut off")  # fmt: skip


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _part(recipe: Recipe, keep: float) -> bytes:
    data = bytes_of(recipe)
    # An odd number: no container's unit ends there.
    return data[: int(len(data) * keep) | 1]


def _says(data: bytes, seconds: float) -> bytes:
    """All three durations of an MP4 are a lie."""
    movie = (b"moov", b"mvhd")
    data = change(data, movie, lambda p: patched(p, 16, ">I", int(seconds * _scale(p))))
    media = (b"moov", b"trak", b"mdia", b"mdhd")
    data = change(data, media, lambda p: patched(p, 16, ">I", int(seconds * _scale(p))))
    track = (b"moov", b"trak", b"tkhd")
    return change(data, track, lambda p: patched(p, 20, ">I", int(seconds * 1000)))


def says_hours(hours: float) -> bytes:
    """Three seconds of Matroska that claim to be so long (RFC 9559 §5.1.2.10)."""
    data = bytes_of(MATROSKA)
    at = data.index(b"\x44\x89\x88") + 3
    return data[:at] + struct.pack(">d", hours * 3_600_000) + data[at + 8 :]


def _scale(payload: bytes) -> int:
    scale: int = struct.unpack_from(">I", payload, 12)[0]
    return scale


def _gif() -> bytes:
    return ffmpeg("gif", "gif", "-i", SHORT, "-vf",
                  "split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse"
                  )  # fmt: skip
