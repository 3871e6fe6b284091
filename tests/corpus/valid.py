"""Valid files, many of them unusual: each must be processed correctly."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.corpus import discontinuities, picture_formats, timestamps
from tests.corpus.build import clip_spec_file, valid_file
from tests.corpus.byte_edits import change_boxes, make_box
from tests.corpus.colour import dolby_vision
from tests.corpus.colour import files as colours
from tests.corpus.corpus_file import CorpusFile, expected_counters
from tests.corpus.encoding import (
    MATROSKA_CLIP,
    MPEGTS_CLIP,
    SHORT_CLIP,
    clip_bytes,
    run_ffmpeg,
    short_clip_bytes,
)
from tests.corpus.shapes import files as shape_files
from tests.fixtures.media.clip_specs import CLIP_SPECS, RARE_CLIP_SPECS
from tests.fixtures.media.clips import cached_file


def list_files() -> Iterator[CorpusFile]:
    """All valid files, the clip specs of tests/fixtures/media/clip_specs.py first."""
    for name in sorted(CLIP_SPECS):
        yield clip_spec_file(name, CLIP_SPECS[name])
    for name in sorted(RARE_CLIP_SPECS):
        # The edit list of this clip begins after its first 42 frames.
        skipped = 42 if name == "trimmed-by-edit-list" else 0
        yield clip_spec_file(name, RARE_CLIP_SPECS[name], skipped)
    yield from picture_formats.list_files()
    yield from colours.list_files()
    yield from dolby_vision.list_files()
    yield from shape_files.list_files()
    yield from _streams()
    yield from timestamps.list_files()
    yield from discontinuities.list_files()
    yield from _surrounded()


def _streams() -> Iterator[CorpusFile]:
    short, long = SHORT_CLIP, replace(SHORT_CLIP, frame_count=150, width=96, height=64)

    def long_counters() -> tuple[int, ...]:
        return expected_counters(long.encode(), "0.5")

    both = ("-i", short, "-i", long, "-c", "copy", "-map", "0", "-map", "1")
    yield valid_file("two videos, the second is longer", "both in MP4", lambda _: run_ffmpeg(
        "longer", "mp4", *both, "-disposition:v:1", "default"), counters=long_counters,
        repair="2 videos; stream 1 was taken")  # fmt: skip
    yield valid_file("two videos, one is the default", "both in Matroska", lambda _: run_ffmpeg(
        "default", "mkv", *both, "-disposition:v:0", "default", "-disposition:v:1", "0"),
        suffix="mkv", repair="2 videos; stream 0 was taken", common=True)  # fmt: skip
    yield valid_file("cover before the video", "JPEG as stream 0 of an MP4", lambda _: run_ffmpeg(
        "cover", "mp4", "-i", _cover, "-i", short, "-map", "0", "-map", "1", "-c", "copy",
        "-disposition:v:0", "attached_pic"))  # fmt: skip
    yield valid_file("large cover in Matroska", "as an attachment", lambda _: run_ffmpeg(
        "attached", "mkv", "-i", short, "-c", "copy", "-attach", _cover,
        "-metadata:s:t", "mimetype=image/jpeg"), suffix="mkv")  # fmt: skip
    yield valid_file("subtitles and an attachment", "SRT and a font in Matroska",
    lambda _: run_ffmpeg(
        "subtitles", "mkv", "-i", short, "-i", _subtitles, "-map", "0", "-map", "1",
        "-c:v", "copy", "-c:s", "srt", "-attach", _subtitles,
        "-metadata:s:t", "mimetype=application/x-truetype-font"), suffix="mkv")  # fmt: skip
    yield valid_file("subtitles in MP4", "mov_text", lambda _: run_ffmpeg(
        "mov_text", "mp4", "-i", short, "-i", _subtitles, "-map", "0", "-map", "1",
        "-c:v", "copy", "-c:s", "mov_text"))  # fmt: skip
    yield valid_file("sixty streams", "copies of one video", lambda _: run_ffmpeg(
        "sixty", "mkv", "-i", short, *["-map", "0:v"] * 60, "-c", "copy"), suffix="mkv",
        repair="60 videos")  # fmt: skip
    yield valid_file("two programmes", "in one TS", lambda _: run_ffmpeg(
        "programmes", "ts", "-i", short, "-i", long, "-c", "copy", "-map", "0", "-map", "1",
        "-program", "st=0", "-program", "st=1"), counters=long_counters, suffix="ts",
        repair="2 videos")  # fmt: skip


def _cover() -> Path:
    def write(path: Path) -> None:
        data = run_ffmpeg("cover picture", "jpg", "-i", SHORT_CLIP, "-frames:v", "1",
                      "-vf", "scale=1600:1200")  # fmt: skip
        path.write_bytes(data)

    return cached_file("cover", "jpg", write)


def _subtitles() -> Path:
    text = "1\n00:00:00,000 --> 00:00:02,000\nIch bin ein Untertitel.\n"
    return cached_file("subtitles", "srt", lambda path: path.write_bytes(text.encode()))


def _surrounded() -> Iterator[CorpusFile]:
    yield valid_file(
        "a megabyte of zeros after it", "MP4", lambda _: short_clip_bytes() + bytes(1 << 20)
    )
    yield valid_file("text after it", "Matroska", lambda _: clip_bytes(MATROSKA_CLIP)
              + b"and they lived happily ever after. " * 40, MATROSKA_CLIP)  # fmt: skip
    yield valid_file("random bytes before it", "TS with a prefix", lambda _: bytes(range(1,
    101)) * 3
              + clip_bytes(MPEGTS_CLIP), MPEGTS_CLIP)  # fmt: skip
    yield valid_file("a page inside", "HTML and JavaScript in a free box", lambda _: make_box(
        b"free", b"<html><script>alert(1)</script></html>") + _shift_chunks(short_clip_bytes(),
        46))  # fmt: skip
    yield valid_file("a title in Latin-1", "no valid UTF-8", lambda _: run_ffmpeg(
        "title", "mp4", "-i", SHORT_CLIP, "-c", "copy", "-metadata", "title=XXXXXX",
        ).replace(b"XXXXXX", b"\xfcber\xe9t"))  # fmt: skip
    yield valid_file("a title with control characters", "NUL, ESC and a newline",
    lambda _: run_ffmpeg(
        "title", "mp4", "-i", SHORT_CLIP, "-c", "copy", "-metadata", "title=XXXXXX",
        ).replace(b"XXXXXX", b"\x00\x1b[2J\n"))  # fmt: skip
    yield valid_file("an unknown box", "64 bits long, before the video", lambda _: struct.pack(
        ">I4sQ", 1, b"zzzz", 32) + bytes(16) + _shift_chunks(short_clip_bytes(), 32))  # fmt: skip
    yield valid_file(
        "MP4 under a WebM's name",
        "wrong file extension",
        lambda _: short_clip_bytes(),
        suffix="webm",
    )


def _shift_chunks(data: bytes, by: int) -> bytes:
    """An MP4 with all chunk offsets increased by `by` bytes."""

    def shift(payload: bytes) -> bytes:
        (count,) = struct.unpack_from(">I", payload, 4)
        offsets = struct.unpack_from(f">{count}I", payload, 8)
        return payload[:8] + struct.pack(f">{count}I", *(offset + by for offset in offsets))

    return change_boxes(data, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco"), shift)
