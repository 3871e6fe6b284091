"""Pictures that change their size or aspect within a video have their own, in every window."""

from __future__ import annotations

import io
from binascii import crc32
from pathlib import Path

import pytest

from functions.frame_extraction.pick import pick_frames
from functions.upload_trigger.probes.video import probe
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import plan_windows
from tests.corpus.encoding import run_ffmpeg
from tests.corpus.shapes.coloured_clips import (
    BLUE,
    RED,
    X264,
    assert_colour,
    extract_pictures,
    make_plain,
)
from tests.corpus.shapes.sample_descriptions import change_entry, join_descriptions, make_clap
from tests.fixtures.media.clips import cached_file

pytestmark = pytest.mark.slow

MPEG2 = ("-c:v", "mpeg2video", "-g", "5", "-q:v", "1")
REORDERED = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-bf", "2")
TIMES = ("-muxdelay", "0", "-muxpreload", "0", "-output_ts_offset")


@pytest.mark.parametrize("max_width", [None, 64])
@pytest.mark.parametrize("codec", [REORDERED, ("-c:v", "mpeg4", "-g", "5"), ("-c:v", "mjpeg")])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("320x240", "1"), ("160x240", "2")),
        (("160x240", "2"), ("320x240", "1")),
        (("320x240", "1"), ("320x240", "2")),
        (("320x240", "1"), ("240x320", "1")),
        (("320x240", "1"), ("640x240", "1")),
    ],
)
def test_sample_descriptions_have_their_own_size_and_aspect(
    first: tuple[str, str], second: tuple[str, str], codec: tuple[str, ...], max_width: int | None
) -> None:
    data = join_descriptions(
        make_plain(RED, *first, codec=codec), make_plain(BLUE, *second, codec=codec)
    )
    media_info, images = extract_pictures(data, max_width)
    sizes = [_shown_size(*first), _shown_size(*first), _shown_size(*second), _shown_size(*second)]
    assert media_info.video.display_size == sizes[0]
    if max_width is not None:
        sizes = [(max_width, round(height * max_width / width)) for width, height in sizes]
    assert [(image.shape[1], image.shape[0]) for image in images] == sizes
    for image, colour in zip(images, (RED, RED, BLUE, BLUE), strict=True):
        assert_colour(image, 0.5, 0.5, colour)


def _shown_size(size: str, aspect: str) -> tuple[int, int]:
    width, height = (int(part) for part in size.split("x"))
    return width * int(aspect), height


def test_sample_descriptions_have_their_own_clean_aperture() -> None:
    first = change_entry(make_plain(RED, "160x120"), add=(make_clap(160, 1, 80, 1, 0, 1, 0, 1),))
    data = join_descriptions(first, make_plain(BLUE, "160x120"))
    _, images = extract_pictures(data)
    assert [image.shape[:2] for image in images] == [(80, 160), (80, 160), (120, 160), (120, 160)]


def test_descriptions_of_another_codec_are_left_out_with_a_warning() -> None:
    data = join_descriptions(
        make_plain(RED, "320x240"), make_plain(BLUE, "320x240", codec=("-c:v", "mpeg4"))
    )
    media_info, images = extract_pictures(data)
    assert len(images) == 2
    assert media_info.warnings == (
        "Parts of the video have another format (mp4v); they are left out.",
    )


def test_window_in_the_second_description_has_its_configuration() -> None:
    data = join_descriptions(make_plain(RED, "320x240"), make_plain(BLUE, "160x240", "2"))
    media_info = probe(io.BytesIO(data), len(data))
    options = FrameOptions.parse({"every": "0.3", "start": "1.3"})
    (window,) = plan_windows(media_info, options)
    images = [f.image for f in pick_frames(io.BytesIO(data), window, options, media_info)]
    assert [image.shape for image in images] == [(240, 320, 3)] * 3
    for image in images:
        assert_colour(image, 0.5, 0.5, BLUE)


def _make_ts(first: tuple[str, str], second: tuple[str, str], codec: tuple[str, ...]) -> bytes:
    return make_plain(RED, *first, "ts", codec, *TIMES, "0") + make_plain(
        BLUE, *second, "ts", codec, *TIMES, "1"
    )


@pytest.mark.parametrize("codec", [X264, MPEG2, REORDERED])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("320x240", "1"), ("320x240", "4/3")),
        (("320x240", "4/3"), ("320x240", "1")),
        (("160x240", "8/3"), ("320x240", "4/3")),
    ],
)
def test_aspect_of_a_later_sequence_header_is_used(
    first: tuple[str, str], second: tuple[str, str], codec: tuple[str, ...]
) -> None:
    media_info, images = extract_pictures(_make_ts(first, second, codec))
    sizes = [
        (round(int(size.split("x")[0]) * num / den), 240)
        for size, aspect in (first, first, second, second)
        for num, den in [map(int, (aspect + "/1").split("/")[:2])]
    ]
    assert media_info.video.display_size == sizes[0]
    assert [(image.shape[1], image.shape[0]) for image in images[:4]] == sizes


VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "5")


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [("webm", VP9), ("mkv", X264), ("mp4", X264), ("flv", X264), ("mkv", MPEG2), ("mpg", MPEG2)],
)
def test_pictures_change_their_size_within_a_stream(suffix: str, codec: tuple[str, ...]) -> None:
    """As WebRTC recorders and `ffmpeg -f concat -c copy` write it."""

    def inputs() -> Path:
        return _write_inputs(suffix, codec)

    data = run_ffmpeg(
        f"resized {suffix} {codec}",
        suffix,
        "-f",
        "concat",
        "-safe",
        "0",
        "-i",
        inputs,
        "-c",
        "copy",
    )
    _, images = extract_pictures(data)
    assert [image.shape[:2] for image in images[:4]] == [(240, 320)] * 2 + [(320, 240)] * 2
    for image, colour in zip(images, (RED, RED, BLUE, BLUE), strict=False):
        assert_colour(image, 0.5, 0.5, colour)


def _write_inputs(suffix: str, codec: tuple[str, ...]) -> Path:
    """A list for FFmpeg's `concat` of a clip of 320×240 and one of 240×320."""
    clips = [
        _store(data, suffix)
        for data in (
            make_plain(RED, "320x240", "1", suffix, codec),
            make_plain(BLUE, "240x320", "1", suffix, codec),
        )
    ]
    text = "".join(f"file {clip}\n" for clip in clips)
    return cached_file(text, "txt", lambda path: path.write_text(text))


def _store(data: bytes, suffix: str) -> Path:
    return cached_file(f"{crc32(data)}", suffix, lambda path: path.write_bytes(data))
