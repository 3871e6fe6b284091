"""Odd and valid: everything here must come out right."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.corpus import picture_formats, timestamps
from tests.corpus.build import odd_row, of_recipe
from tests.corpus.byte_edits import box, change
from tests.corpus.corpus_file import Row, shown
from tests.corpus.encoding import (
    MATROSKA,
    SHORT,
    STREAM,
    bytes_of,
    ffmpeg,
    short,
)
from tests.fixtures.media.clips import ODD, RECIPES, cached


def rows() -> Iterator[Row]:
    """All of them, the common kinds of tests/fixtures/media/clips.py first."""
    for name in sorted(RECIPES):
        yield of_recipe(name, RECIPES[name])
    for name in sorted(ODD):
        # The first pictures of one lie before its edit list's beginning.
        skipped = 42 if name == "trimmed-by-edit-list" else 0
        yield of_recipe(name, ODD[name], skipped)
    yield from picture_formats.rows()
    yield from _streams()
    yield from timestamps.rows()
    yield from _around_it()


def _streams() -> Iterator[Row]:
    one, other = SHORT, replace(SHORT, pictures=150, width=96, height=64)

    def longer() -> tuple[int, ...]:
        return shown(other.make(), "0.5")

    both = ("-i", one, "-i", other, "-c", "copy", "-map", "0", "-map", "1")
    yield odd_row("two videos, the second is longer", "both in MP4", lambda _: ffmpeg(
        "longer", "mp4", *both, "-disposition:v:1", "default"), counters=longer,
        repair="2 videos; stream 1 was taken")  # fmt: skip
    yield odd_row("two videos, one is the default", "both in Matroska", lambda _: ffmpeg(
        "default", "mkv", *both, "-disposition:v:0", "default", "-disposition:v:1", "0"),
        suffix="mkv", repair="2 videos; stream 0 was taken", common=True)  # fmt: skip
    yield odd_row("cover before the video", "JPEG as stream 0 of an MP4", lambda _: ffmpeg(
        "cover", "mp4", "-i", _cover, "-i", one, "-map", "0", "-map", "1", "-c", "copy",
        "-disposition:v:0", "attached_pic"))  # fmt: skip
    yield odd_row("large cover in Matroska", "as an attachment", lambda _: ffmpeg(
        "attached", "mkv", "-i", one, "-c", "copy", "-attach", _cover,
        "-metadata:s:t", "mimetype=image/jpeg"), suffix="mkv")  # fmt: skip
    yield odd_row("subtitles and an attachment", "SRT and a font in Matroska", lambda _: ffmpeg(
        "subtitles", "mkv", "-i", one, "-i", _subtitles, "-map", "0", "-map", "1",
        "-c:v", "copy", "-c:s", "srt", "-attach", _subtitles,
        "-metadata:s:t", "mimetype=application/x-truetype-font"), suffix="mkv")  # fmt: skip
    yield odd_row("subtitles in MP4", "mov_text", lambda _: ffmpeg(
        "mov_text", "mp4", "-i", one, "-i", _subtitles, "-map", "0", "-map", "1",
        "-c:v", "copy", "-c:s", "mov_text"))  # fmt: skip
    yield odd_row("sixty streams", "copies of one video", lambda _: ffmpeg(
        "sixty", "mkv", "-i", one, *["-map", "0:v"] * 60, "-c", "copy"), suffix="mkv",
        repair="60 videos")  # fmt: skip
    yield odd_row("two programmes", "in one TS", lambda _: ffmpeg(
        "programmes", "ts", "-i", one, "-i", other, "-c", "copy", "-map", "0", "-map", "1",
        "-program", "st=0", "-program", "st=1"), counters=longer, suffix="ts",
        repair="2 videos")  # fmt: skip


def _cover() -> Path:
    def write(path: Path) -> None:
        data = ffmpeg("cover picture", "jpg", "-i", SHORT, "-frames:v", "1",
                      "-vf", "scale=1600:1200")  # fmt: skip
        path.write_bytes(data)

    return cached("cover", "jpg", write)


def _subtitles() -> Path:
    text = "1\n00:00:00,000 --> 00:00:02,000\nIch bin ein Untertitel.\n"
    return cached("subtitles", "srt", lambda path: path.write_bytes(text.encode()))


def _around_it() -> Iterator[Row]:
    yield odd_row("a megabyte of nothing behind it", "MP4", lambda _: short() + bytes(1 << 20))
    yield odd_row("text behind it", "Matroska", lambda _: bytes_of(MATROSKA)
              + b"and they lived happily ever after. " * 40, MATROSKA)  # fmt: skip
    yield odd_row("rubbish before it", "TS that begins anywhere", lambda _: bytes(range(1, 101)) * 3
              + bytes_of(STREAM), STREAM)  # fmt: skip
    yield odd_row("a page inside", "HTML and JavaScript in a free box", lambda _: box(
        b"free", b"<html><script>alert(1)</script></html>") + _moved(short(), 46))  # fmt: skip
    yield odd_row("a title in Latin-1", "no valid UTF-8", lambda _: ffmpeg(
        "title", "mp4", "-i", SHORT, "-c", "copy", "-metadata", "title=XXXXXX",
        ).replace(b"XXXXXX", b"\xfcber\xe9t"))  # fmt: skip
    yield odd_row("a title with control characters", "NUL, ESC and a newline", lambda _: ffmpeg(
        "title", "mp4", "-i", SHORT, "-c", "copy", "-metadata", "title=XXXXXX",
        ).replace(b"XXXXXX", b"\x00\x1b[2J\n"))  # fmt: skip
    yield odd_row("an unknown box", "64 bits long, before the video", lambda _: struct.pack(
        ">I4sQ", 1, b"zzzz", 32) + bytes(16) + _moved(short(), 32))  # fmt: skip
    yield odd_row("MP4 under a WebM's name", "names say nothing", lambda _: short(), suffix="webm")


def _moved(data: bytes, by: int) -> bytes:
    """An MP4 whose chunks lie so many bytes later."""

    def later(payload: bytes) -> bytes:
        (count,) = struct.unpack_from(">I", payload, 4)
        offsets = struct.unpack_from(f">{count}I", payload, 8)
        return payload[:8] + struct.pack(f">{count}I", *(one + by for one in offsets))

    return change(data, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco"), later)
