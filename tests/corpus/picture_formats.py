"""Valid videos with unusual pictures: depths, layouts, sizes, transparency, colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from shared.media.images.frame import BgrImage
from tests.corpus.build import clip_file, valid_file
from tests.corpus.corpus_file import CorpusFile, ExpectedFrames
from tests.corpus.encoding import (
    MPEGTS_CLIP,
    QUICK_OPTIONS,
    SHORT_CLIP,
    clip_bytes,
    encode_pictures,
    run_ffmpeg,
)
from tests.fixtures.media.clips import ClipSpec
from tests.fixtures.media.counter import draw_counter


def list_files() -> Iterator[CorpusFile]:
    """All files of this module."""
    yield from _colours()
    x264 = ClipSpec(options=QUICK_OPTIONS, frame_count=45)
    yield clip_file(
        "4:2:0 in ten bits", "yuv420p10", replace(x264, pix_fmt="yuv420p10le"), common=True
    )
    yield clip_file("4:4:4", "yuv444p", replace(x264, pix_fmt="yuv444p"))
    yield clip_file("4:2:2 in ten bits", "ProRes 422 in MOV", ClipSpec(
        suffix="mov", codec="prores_ks", pix_fmt="yuv422p10le", frame_count=30))  # fmt: skip
    yield clip_file("lossless", "FFV1 in Matroska", ClipSpec(
        suffix="mkv", codec="ffv1", pix_fmt="yuv420p", frame_count=30))  # fmt: skip
    yield clip_file("lossless RGB", "x264 RGB", replace(x264, codec="libx264rgb", pix_fmt="rgb24"))
    yield clip_file("grey", "one plane", replace(x264, pix_fmt="gray"))
    yield clip_file("odd size", "VP9, 191×127", ClipSpec(
        suffix="webm", codec="libvpx-vp9", width=191, height=127, frame_count=30,
        options=(("deadline", "realtime"), ("cpu-used", "8"))), common=True)  # fmt: skip
    yield clip_file(
        "odd size 4:4:4", "193×129", replace(x264, pix_fmt="yuv444p", width=193, height=129)
    )
    yield clip_file("very wide", "2048×16", replace(x264, width=2048, height=16))
    yield clip_file("very tall", "32×2048", replace(x264, width=32, height=2048))
    yield clip_file("fields", "interlaced x264", replace(
        x264, options=(("preset", "veryfast"), ("x264-params", "interlaced=1:tff=1"))))  # fmt: skip
    yield valid_file("size changes", "H.264 in TS, 192×128, then 320×240", _make_size_change,
    MPEGTS_CLIP,
              counters=lambda: (*range(0, 90, 15), *range(2, 90, 15)),
              warning="size changes", common=True)  # fmt: skip
    yield valid_file("alpha in ProRes", "yuva444p10", lambda _: encode_pictures(
        "prores alpha", [_draw_with_alpha(n) for n in range(10)], suffix="mov", codec="prores_ks",
        ndarray_format="rgba", pix_fmt="yuva444p10le"), suffix="mov",
        counters=lambda: (0, 5), repair="Transparency is left out")  # fmt: skip
    yield valid_file("alpha in QuickTime RLE", "argb", lambda _: encode_pictures(
        "qtrle", [_draw_with_alpha(n) for n in range(10)], suffix="mov", codec="qtrle",
        ndarray_format="rgba", pix_fmt="argb"), suffix="mov",
        counters=lambda: (0, 5), repair="Transparency is left out")  # fmt: skip
    yield valid_file("alpha in VP9", "yuva420p in WebM", lambda _: encode_pictures(
        "vp9 alpha", [_draw_with_alpha(n) for n in range(10)], suffix="webm", codec="libvpx-vp9",
        ndarray_format="rgba", pix_fmt="yuva420p", options={"deadline": "realtime"}), suffix="webm",
        counters=lambda: (0, 5), common=True)  # fmt: skip
    yield valid_file("square pixels missing", "anamorphic, 2:1", lambda _: run_ffmpeg(
        "sar", "mp4", "-i", SHORT_CLIP, "-c:v", "libx264", "-preset", "ultrafast",
        "-vf", "setsar=2"), repair="stretched to 384×128", check=_check_is_wide)  # fmt: skip


def _draw_with_alpha(number: int) -> NDArray[np.uint8]:
    picture = draw_counter(number, 192, 128)
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


def _make_size_change(_: str) -> bytes:
    large = replace(MPEGTS_CLIP, width=320, height=240, offset_s=Fraction(3))
    return clip_bytes(MPEGTS_CLIP) + clip_bytes(large)


def _check_is_wide(pictures: Sequence[BgrImage]) -> None:
    assert {picture.shape for picture in pictures} == {(128, 384, 3)}


def _colours() -> Iterator[CorpusFile]:
    x265 = {"preset": "ultrafast", "x265-params": "log-level=none"}
    for name, transfer, codes in (("PQ", 16, (27921, 38055, 0)), ("HLG", 18, (30200, 49151, 0))):
        tags = {"color_trc": transfer, "color_primaries": 9, "colorspace": 9, "color_range": 1}
        yield CorpusFile(
            f"HDR {name}", "HEVC in ten bits, BT.2020",
            lambda _, codes=codes, tags=tags: encode_pictures(  # type: ignore[misc]
                "hdr", [_draw_patches(codes)] * 10, suffix="mp4", codec="libx265",
                ndarray_format="rgb48le",
                pix_fmt="yuv420p10le", options=x265, tags=tags),
            ExpectedFrames(frame_count=2, repair=f"High dynamic range ({name})",
            check=_check_hdr_columns),
            in_pipeline_tests=True,
        )  # fmt: skip
    for name, value in (("full range", 2), ("limited range", 1)):
        tags = {"color_range": value, "colorspace": 1}
        yield CorpusFile(
            name, "grey 128 stays 128",
            lambda _, tags=tags: encode_pictures(  # type: ignore[misc]
                "range", [_draw_greys()] * 10, suffix="mp4", codec="libx264",
                ndarray_format="rgb24",
                pix_fmt="yuv420p", options={"crf": "4"}, tags=tags),
            ExpectedFrames(frame_count=2, check=_check_greys),
        )  # fmt: skip


def _draw_patches(codes: tuple[int, int, int]) -> NDArray[np.uint16]:
    """Three columns of grey: 43 cd/m² (half of SDR's code), paper white, black."""
    return np.repeat(np.repeat(np.array([codes], np.uint16), 64, axis=1), 96, axis=0)[..., None].repeat(3, axis=2)  # fmt: skip  # noqa: E501


def _draw_greys() -> NDArray[np.uint8]:
    return np.repeat(np.repeat(np.array([[0, 128, 255]], np.uint8), 64, axis=1), 96, axis=0)[..., None].repeat(3, axis=2)  # fmt: skip  # noqa: E501


def _column_means(picture: BgrImage) -> list[float]:
    return [float(picture[16:80, at : at + 32].mean()) for at in (16, 80, 144)]


def _check_hdr_columns(pictures: Sequence[BgrImage]) -> None:
    """Checks the HDR columns. Decoded as SDR, white would be about 150 (PQ) or 190 (HLG)."""
    for picture in pictures:
        middle, white, black = _column_means(picture)
        assert 118 <= middle <= 138
        assert white >= 205
        assert black <= 6
        assert float(picture.std(axis=2).max()) < 6, "grey has no colour"


def _check_greys(pictures: Sequence[BgrImage]) -> None:
    for picture in pictures:
        black, middle, white = _column_means(picture)
        assert black <= 4
        assert abs(middle - 128) <= 3
        assert white >= 251
