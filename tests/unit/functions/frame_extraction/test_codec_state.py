"""Windows that begin later in a video show the right pictures when the state of the codec comes
with the first packet only, or when packets are falsely marked as keyframes."""

from __future__ import annotations

import io
import re
from binascii import crc32
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from functions.frame_extraction.pick import pick_frames
from functions.upload_trigger.probes.video import probe
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import plan_windows
from tests.corpus.encoding import run_ffmpeg
from tests.fixtures.media.clips import cached_file

pytestmark = pytest.mark.slow

COLOURS = ((200, 60, 40), (40, 200, 60), (40, 60, 200))
"""RGB of the three seconds of a clip."""
_SECONDS = "".join(
    f"color=c=0x{red:02x}{green:02x}{blue:02x}:s=64x64:r=10:d=1[{name}];"
    for name, (red, green, blue) in zip("abc", COLOURS, strict=True)
)
SOURCE = ("-filter_complex", f"{_SECONDS}[a][b][c]concat=n=3:v=1:a=0,format=rgb24")
_PALETTE = ("-filter_complex", f"{SOURCE[1]},split[x][y];[x]palettegen=max_colors=8[p];[y][p]paletteuse")  # fmt: skip  # noqa: E501
_LOSSY = {"rpza", "msvideo1"}
"""RGB with 5 bits: up to 8 of 255 are lost."""


def _find_wrong_pictures(data: bytes, start: str, tolerance: float = 6) -> list[tuple[float, str]]:
    """(time, RGB) of each picture that differs from the colour of its second, from as many windows
    as possible."""
    media_info = probe(io.BytesIO(data), len(data))
    options = FrameOptions.parse({"every": "0.4", "start": start})
    wrong, count = [], 0
    for window in plan_windows(media_info, options, window_work_s=1e-9):
        for frame in pick_frames(io.BytesIO(data), window, options, media_info):
            count += 1
            found = frame.image[16:48, 16:48].reshape(-1, 3).mean(axis=0)[::-1]
            if abs(found - COLOURS[int(frame.target)]).max() > tolerance:
                wrong.append((float(frame.target), str(found.round())))
    expected = -(-(3 - Fraction(start)) // Fraction("0.4"))
    if count != expected:
        wrong.append((0, f"{count} of {expected} pictures"))
    return wrong


@pytest.mark.parametrize("start", ["0", "1.5"])
@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("rawvideo", "mov"), ("smc", "mov"), ("rawvideo", "avi"), ("msrle", "avi")],
)
def test_palette_of_the_first_packet_is_used_in_every_window(
    codec: str, suffix: str, start: str
) -> None:
    options = ("-c:v", codec, "-pix_fmt", "pal8")
    data = run_ffmpeg("palette", suffix, *_PALETTE, *options)
    assert _find_wrong_pictures(data, start) == []


@pytest.mark.parametrize("start", ["0", "2.3"])
@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("rpza", "mov"), ("zmbv", "mkv"), ("flashsv", "flv"), ("gif", "mov"), ("msvideo1", "mkv")],
)
def test_pictures_are_built_on_all_earlier_packets(codec: str, suffix: str, start: str) -> None:
    data = run_ffmpeg("update", suffix, *SOURCE, "-c:v", codec, "-g", "100")
    assert _find_wrong_pictures(data, start, 9 if codec in _LOSSY else 6) == []


@pytest.mark.parametrize("start", ["0", "2.3"])
@pytest.mark.parametrize(
    ("codec", "suffix", "options"),
    [
        ("cinepak", "mov", ()),
        ("qtrle", "mov", ()),
        ("svq1", "mov", ()),
        ("h263", "mov", ("-s", "176x144")),
        ("mpeg4", "mp4", ("-bf", "2")),
        ("mpeg2video", "mov", ("-bf", "2")),
        ("libsvtav1", "mp4", ("-preset", "12")),
        ("libvpx-vp9", "mp4", ("-deadline", "realtime", "-cpu-used", "8")),
        ("libx265", "mp4", ("-preset", "ultrafast", "-x265-params", "log-level=none")),
    ],
)
def test_pictures_are_right_when_every_packet_is_marked_as_a_keyframe(
    codec: str, suffix: str, options: tuple[str, ...], start: str
) -> None:
    """Without a list of sync samples, all samples of an MP4 are (ISO/IEC 14496-12 §8.6.2)."""
    data = run_ffmpeg("sync", suffix, *SOURCE, "-c:v", codec, "-g", "8", *options)
    assert b"stss" in data
    assert _find_wrong_pictures(data.replace(b"stss", b"free"), start) == []


def test_reliable_keyframes_give_several_windows() -> None:
    data = run_ffmpeg("sync", "mp4", *SOURCE, "-c:v", "mpeg4", "-g", "8", "-bf", "2")
    media_info = probe(io.BytesIO(data), len(data))
    assert media_info.random_access == "index"
    assert media_info.video.keyframes_reliable
    unknown = replace(media_info.video, keyframes_reliable=False).to_dict()
    assert unknown["keyframes_reliable"] is False


HEADERS = {
    # Parameter sets, until another unit follows.
    "h264": rb"\x00\x00\x01\x67.*?\x00\x00\x01\x68.*?(?=\x00\x00\x01[^\x67\x68])",
    # The headers of sequence, object and layer, until a picture or a group of pictures.
    "m4v": rb"\x00\x00\x01[\xb0\x00-\x2f].*?(?=\x00\x00\x01[\xb3\xb6])",
}


@pytest.mark.parametrize("start", ["0", "1.5"])
@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4"])
@pytest.mark.parametrize(("codec", "form"), [("libx264", "h264"), ("mpeg4", "m4v")])
def test_headers_before_the_first_picture_are_used_in_every_window(
    codec: str, form: str, suffix: str, start: str
) -> None:
    def elementary_stream() -> Path:
        options = ("-c:v", codec, "-g", "5", "-bf", "0", "-f", form)
        data = run_ffmpeg("headers", form, *SOURCE, *options)
        first = re.search(HEADERS[form], data, re.DOTALL)
        assert first is not None
        rest = re.sub(HEADERS[form], b"", data[first.end() :], flags=re.DOTALL)
        assert len(rest) < len(data) - first.end()
        return cached_file(
            f"{form} {crc32(rest)}", form, lambda path: path.write_bytes(data[: first.end()] + rest)
        )

    data = run_ffmpeg(
        f"headers of {codec}", suffix, "-f", form, "-framerate", "10", "-i", elementary_stream,
        "-c", "copy",
    )  # fmt: skip
    assert _find_wrong_pictures(data, start) == []
