"""Files that exceed a limit: pixels, streams, hours, depth, decompressed size."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from tests.corpus.build import invalid_file
from tests.corpus.byte_edits import change_boxes, make_box, patch_bytes, resize_jpeg_headers
from tests.corpus.corpus_file import CorpusFile
from tests.corpus.encoding import SHORT_CLIP, clip_bytes, run_ffmpeg, short_clip_bytes
from tests.corpus.timestamps import matroska_claiming_hours
from tests.fixtures.media.clip_specs import RARE_CLIP_SPECS
from tests.fixtures.media.clips import ClipSpec


def list_files() -> Iterator[CorpusFile]:
    """All files of this module."""
    yield invalid_file("20000×20000 in a GIF", "400 megapixels", lambda _: patch_bytes(
        clip_bytes(RARE_CLIP_SPECS["gif"]), 6, "<HH", 20_000, 20_000), "video-too-large", "gif",
        common=True)  # fmt: skip
    yield invalid_file("20000×20000 in an AVI", "Motion JPEG",
               lambda _: _large_avi(), "video-too-large",
               "avi")  # fmt: skip
    yield invalid_file("20000×20000 in a MOV", "Motion JPEG",
               lambda _: _large_mov(), "video-too-large",
               "mov")  # fmt: skip
    yield invalid_file(
        "16383×16383 in a WebM", "VP8", lambda _: _large_webm(), "video-too-large", "webm"
    )
    yield invalid_file("a hundred streams", "in Matroska", lambda _: run_ffmpeg(
        "hundred", "mkv", "-i", SHORT_CLIP, *["-map", "0:v"] * 100, "-c", "copy"),
        "too-many-streams", "mkv", common=True)  # fmt: skip
    yield invalid_file("three hundred streams", "in an MP4", lambda _: run_ffmpeg(
        "hundreds", "mp4", "-i", ClipSpec(frame_count=2), *["-map", "0:v"] * 300,
        "-c", "copy"), "too-many-streams")  # fmt: skip
    yield invalid_file("says that it lasts a day", "3 s in Matroska",
    lambda _: matroska_claiming_hours(24),
               "video-too-long", "mkv")  # fmt: skip
    yield invalid_file("an index that decompresses to a gigabyte", "cmov in MOV",
    lambda _: _cmov(1 << 30),
               "too-much-memory", "mov", common=True)  # fmt: skip
    yield invalid_file("an index that decompresses to zeros", "cmov in MOV", lambda _: _cmov(
        1 << 20), "no-video-stream", "mov")  # fmt: skip
    yield invalid_file("a ZIP bomb", "a gigabyte of zeros", lambda _: make_zip_bomb(1 << 28),
    "not-a-video",
               common=True)  # fmt: skip
    yield invalid_file("a gzip bomb", "a gigabyte of zeros",
    lambda _: gzip.compress(bytes(1 << 26)),
               "not-a-video")  # fmt: skip
    yield invalid_file(
        "boxes in boxes", "ten thousand deep", lambda _: _nested(10_000), "video-truncated"
    )
    yield invalid_file("a million boxes", "none of them a video",
               lambda _: make_box(b"ftyp", b"isom\0\0\0\0")
               + make_box(b"free", b"") * 1_000_000, "video-truncated")  # fmt: skip
    yield invalid_file("tables of four thousand million entries", "that do not exist",
               lambda _: change_boxes(
        short_clip_bytes(), (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz"),
        lambda p: patch_bytes(p, 8, ">I", 0xFFFFFFFF)), "video-truncated")  # fmt: skip


def _large_avi() -> bytes:
    data = resize_jpeg_headers(clip_bytes(RARE_CLIP_SPECS["avi-mjpeg"]), 20_000, 20_000)
    data = patch_bytes(data, data.index(b"strf") + 12, "<ii", 20_000, 20_000)
    return patch_bytes(data, data.index(b"avih") + 40, "<II", 20_000, 20_000)


def _large_mov() -> bytes:
    clip = ClipSpec(suffix="mov", codec="mjpeg", pix_fmt="yuvj420p", frame_count=20).encode()
    data = resize_jpeg_headers(clip.path.read_bytes(), 20_000, 20_000)
    large = 20_000 << 16
    return change_boxes(
        data, (b"moov", b"trak", b"tkhd"), lambda p: patch_bytes(p, len(p) - 8, ">II", large, large)
    )


def _large_webm() -> bytes:
    clip = ClipSpec(suffix="webm", codec="libvpx", frame_count=3, width=320, height=272).encode()
    data, large = clip.path.read_bytes(), struct.pack(">H", 16383)
    data = data.replace(b"\xb0\x82\x01\x40", b"\xb0\x82" + large)
    data = data.replace(b"\xba\x82\x01\x10", b"\xba\x82" + large)
    return data.replace(b"\x9d\x01\x2a\x40\x01\x10\x01", b"\x9d\x01\x2a\xff\x3f\xff\x3f")


def _cmov(size: int) -> bytes:
    """QuickTime's compressed index (cmov) of `size` zero bytes, compressed about 1000 : 1."""
    compressor = zlib.compressobj(9)
    blocks = [compressor.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    data = b"".join(blocks) + compressor.flush()
    payload = make_box(b"dcom", b"zlib") + make_box(b"cmvd", struct.pack(">I", size) + data)
    return make_box(b"ftyp", b"qt  \0\0\0\0qt  ") + make_box(b"moov", make_box(b"cmov", payload))


def make_zip_bomb(size: int) -> bytes:
    """A ZIP with `size` zero bytes in a member `video.mp4`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("video.mp4", bytes(size))
    return out.getvalue()


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = make_box(b"udta", data)
    return make_box(b"ftyp", b"isom\0\0\0\0isom") + make_box(b"moov", data)
