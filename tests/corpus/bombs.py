"""Too much of everything: pixels, streams, hours, depth, and what unfolds."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from tests.corpus.build import wrong_row
from tests.corpus.byte_edits import box, change, jpeg_resized, patched
from tests.corpus.corpus_file import Row
from tests.corpus.encoding import SHORT, bytes_of, ffmpeg, short
from tests.corpus.timestamps import says_hours
from tests.fixtures.media.clips import ODD, Recipe


def rows() -> Iterator[Row]:
    """All of them."""
    yield wrong_row("20000×20000 in a GIF", "400 megapixels", lambda _: patched(
        bytes_of(ODD["gif"]), 6, "<HH", 20_000, 20_000), "video-too-large", "gif",
        common=True)  # fmt: skip
    yield wrong_row("20000×20000 in an AVI", "Motion JPEG",
               lambda _: _large_avi(), "video-too-large",
               "avi")  # fmt: skip
    yield wrong_row("20000×20000 in a MOV", "Motion JPEG",
               lambda _: _large_mov(), "video-too-large",
               "mov")  # fmt: skip
    yield wrong_row(
        "16383×16383 in a WebM", "VP8", lambda _: _large_webm(), "video-too-large", "webm"
    )
    yield wrong_row("a hundred streams", "in Matroska", lambda _: ffmpeg(
        "hundred", "mkv", "-i", SHORT, *["-map", "0:v"] * 100, "-c", "copy"),
        "too-many-streams", "mkv", common=True)  # fmt: skip
    yield wrong_row("three hundred streams", "in an MP4", lambda _: ffmpeg(
        "hundreds", "mp4", "-i", Recipe(pictures=2), *["-map", "0:v"] * 300,
        "-c", "copy"), "too-many-streams")  # fmt: skip
    yield wrong_row("says that it lasts a day", "3 s in Matroska", lambda _: says_hours(24),
               "video-too-long", "mkv")  # fmt: skip
    yield wrong_row("an index that unfolds to a gigabyte", "cmov in MOV", lambda _: _cmov(1 << 30),
               "too-much-memory", "mov", common=True)  # fmt: skip
    yield wrong_row("an index that unfolds to what is no index", "cmov in MOV", lambda _: _cmov(
        1 << 20), "no-video-stream", "mov")  # fmt: skip
    yield wrong_row("a ZIP bomb", "a gigabyte of zeros", lambda _: zip_bomb(1 << 28), "not-a-video",
               common=True)  # fmt: skip
    yield wrong_row("a gzip bomb", "a gigabyte of zeros", lambda _: gzip.compress(bytes(1 << 26)),
               "not-a-video")  # fmt: skip
    yield wrong_row(
        "boxes in boxes", "ten thousand deep", lambda _: _nested(10_000), "video-truncated"
    )
    yield wrong_row("a million boxes", "none of them a video",
               lambda _: box(b"ftyp", b"isom\0\0\0\0")
               + box(b"free", b"") * 1_000_000, "video-truncated")  # fmt: skip
    yield wrong_row("tables of four thousand million entries", "that are not there",
               lambda _: change(
        short(), (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz"),
        lambda p: patched(p, 8, ">I", 0xFFFFFFFF)), "video-truncated")  # fmt: skip


def _large_avi() -> bytes:
    data = jpeg_resized(bytes_of(ODD["avi-mjpeg"]), 20_000, 20_000)
    data = patched(data, data.index(b"strf") + 12, "<ii", 20_000, 20_000)
    return patched(data, data.index(b"avih") + 40, "<II", 20_000, 20_000)


def _large_mov() -> bytes:
    clip = Recipe(suffix="mov", codec="mjpeg", pix_fmt="yuvj420p", pictures=20).make()
    data = jpeg_resized(clip.path.read_bytes(), 20_000, 20_000)
    large = 20_000 << 16
    return change(
        data, (b"moov", b"trak", b"tkhd"), lambda p: patched(p, len(p) - 8, ">II", large, large)
    )


def _large_webm() -> bytes:
    clip = Recipe(suffix="webm", codec="libvpx", pictures=3, width=320, height=272).make()
    data, large = clip.path.read_bytes(), struct.pack(">H", 16383)
    data = data.replace(b"\xb0\x82\x01\x40", b"\xb0\x82" + large)
    data = data.replace(b"\xba\x82\x01\x10", b"\xba\x82" + large)
    return data.replace(b"\x9d\x01\x2a\x40\x01\x10\x01", b"\x9d\x01\x2a\xff\x3f\xff\x3f")


def _cmov(size: int) -> bytes:
    """QuickTime's compressed index: of zeros, a thousandth of the size that it says."""
    packed = zlib.compressobj(9)
    folded = b"".join(packed.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packed.flush()
    inside = box(b"dcom", b"zlib") + box(b"cmvd", struct.pack(">I", size) + folded)
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", box(b"cmov", inside))


def zip_bomb(size: int) -> bytes:
    """So many zeros as a video's name in an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("video.mp4", bytes(size))
    return out.getvalue()


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = box(b"udta", data)
    return box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", data)
