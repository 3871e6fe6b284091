"""Valid videos whose codec or container states once how their pictures are decoded and shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from shared.media.images.frame import BgrImage
from tests.corpus.build import valid_file
from tests.corpus.corpus_file import CorpusFile, ExpectedFrames
from tests.corpus.encoding import SHORT_CLIP, run_ffmpeg
from tests.corpus.shapes.coloured_clips import (
    BLUE,
    RED,
    assert_bars_cropped,
    assert_colour,
    crop_matroska_bars,
    make_bars,
    make_plain,
)
from tests.corpus.shapes.sample_descriptions import change_entry, join_descriptions, make_clap


def list_files() -> Iterator[CorpusFile]:
    """All files of this module."""
    yield valid_file("palette in the first packet", "8 bits in QuickTime", lambda _: run_ffmpeg(
        "palette", "mov", "-i", SHORT_CLIP, "-c:v", "rawvideo", "-pix_fmt", "pal8"),
        suffix="mov", common=True)  # fmt: skip
    yield valid_file("every packet a keyframe", "Cinepak without a list of sync samples",
    lambda _: run_ffmpeg("cinepak", "mov", "-i", SHORT_CLIP, "-c:v", "cinepak", "-g", "45").replace(
        b"stss", b"free"), suffix="mov")  # fmt: skip
    yield valid_file("HEVC without sync samples", "MP4", lambda _: run_ffmpeg(
        "hevc", "mp4", "-i", SHORT_CLIP, "-c:v", "libx265", "-preset", "ultrafast",
        "-x265-params", "log-level=none:keyint=30").replace(b"stss", b"free"))  # fmt: skip
    yield _file("clean aperture", "160×80 of 160×120 in MP4", lambda _: change_entry(
        make_bars(), add=(make_clap(160, 1, 80, 1, 0, 1, 0, 1),)), ExpectedFrames(
        frame_count=2, repair="160×80 of 160×120", check=_check_bars), common=True)  # fmt: skip
    yield _file("crop in Matroska", "PixelCropTop and PixelCropBottom", lambda _:
        crop_matroska_bars(make_bars("mkv")), ExpectedFrames(
        frame_count=2, repair="160×80 of 160×120", check=_check_bars), suffix="mkv")  # fmt: skip
    yield _file("two sample descriptions", "320×240 and 160×240 with pixels of 2:1", lambda _:
        join_descriptions(make_plain(RED, "320x240"), make_plain(BLUE, "160x240", "2")),
        ExpectedFrames(frame_count=4, check=_check_halves), common=True)  # fmt: skip


def _file(
    name: str,
    description: str,
    make: Callable[[str], bytes],
    expected: ExpectedFrames,
    *,
    suffix: str = "mp4",
    common: bool = False,
) -> CorpusFile:
    return CorpusFile(name, description, make, expected, suffix, in_pipeline_tests=common)


def _check_bars(pictures: Sequence[BgrImage]) -> None:
    for picture in pictures:
        assert_bars_cropped(picture, 160, 80)


def _check_halves(pictures: Sequence[BgrImage]) -> None:
    for picture, colour in zip(pictures, (RED, RED, BLUE, BLUE), strict=True):
        assert picture.shape == (240, 320, 3)
        assert_colour(picture, 0.5, 0.5, colour)
