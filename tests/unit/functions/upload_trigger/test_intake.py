"""Tests of the intake: properties of videos, and rejection of unusable files."""

from __future__ import annotations

import io
import os
import struct
from fractions import Fraction

import pytest

from functions.upload_trigger.intake import EXAMINERS
from functions.upload_trigger.probes.video import probe
from shared.errors import PermanentError
from shared.media.containers.range_file import RangeFile
from shared.media.errors import (
    EmptyFile,
    NotAVideo,
    NoVideoStream,
    VideoTooLarge,
    VideoTruncated,
)
from shared.pipeline import RECIPES
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.clips import ClipSpec, damage_clip, make_sound_only
from tests.fixtures.media.frame_oracle import probe_file


def test_media_info_describes_the_clip() -> None:
    facts = probe_file(CLIP_SPECS["cfr30"].encode().path)
    assert facts.container.startswith("mov")
    assert facts.duration == Fraction(363, 30)
    assert facts.video.codec == "h264"
    assert (facts.video.width, facts.video.height) == (192, 128)
    assert facts.video.avg_rate == 30
    assert facts.video.rate_kind == "constant"
    assert facts.video.keyframe_interval_s == 2
    assert facts.video.open_gop is False
    assert facts.video.has_b_frames
    assert facts.audio_codecs == ("aac",)
    assert facts.timestamps_reliable
    assert facts.random_access == "index"
    assert facts.warnings == ()


def test_variable_rates_open_gops_and_late_starts_are_detected() -> None:
    assert probe_file(CLIP_SPECS["vfr"].encode().path).video.rate_kind == "variable"
    assert probe_file(CLIP_SPECS["ntsc"].encode().path).video.rate_kind == "constant"
    assert probe_file(CLIP_SPECS["webm"].encode().path).video.rate_kind == "constant"
    assert probe_file(CLIP_SPECS["open-gop"].encode().path).video.open_gop is True
    assert probe_file(CLIP_SPECS["long-gop"].encode().path).video.open_gop is None
    assert probe_file(CLIP_SPECS["later"].encode().path).first_pts.seconds == Fraction(3, 2)
    assert probe_file(CLIP_SPECS["matroska-later"].encode().path).duration == 10
    assert probe_file(CLIP_SPECS["mpegts-later"].encode().path).first_pts.seconds == 7200


@pytest.mark.parametrize(
    ("kind", "rotation", "mirrored"),
    [
        ("cfr30", 0, False),
        ("rotated-90", 90, False),
        ("rotated-180", 180, False),
        ("rotated-270", 270, False),
        ("mirrored", 0, True),
        ("mirrored-90", 90, True),
        ("mirrored-180", 180, True),
        ("mirrored-270", 270, True),
    ],
)
def test_orientation_is_detected(kind: str, rotation: int, mirrored: bool) -> None:
    video = probe_file(CLIP_SPECS[kind].encode().path).video
    assert (video.rotation, video.mirrored) == (rotation, mirrored)
    assert video.display_size == (192, 128)


def test_probe_reads_little_of_a_large_file() -> None:
    clip = ClipSpec(
        options=(("g", "30"), ("bf", "3"), ("crf", "6")), frame_count=1200, noise=22
    ).encode()
    size = clip.path.stat().st_size
    with clip.path.open("rb") as file:
        ranged = RangeFile(
            lambda at, n: os.pread(file.fileno(), n, at), size, block_bytes=16 << 10, read_ahead=1
        )
        probe(ranged, size)
    assert ranged.fetched_bytes < size / 4


def _probe_error(data: bytes) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        probe(io.BytesIO(data), len(data))
    assert str(caught.value).strip()
    return caught.value


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", EmptyFile),
        (b"Dear diary, this is no video.\n" * 50, NotAVideo),
        (bytes(range(256)) * 40, NotAVideo),
        (b"\x89PNG\r\n\x1a\n" + bytes(600), NotAVideo),
        (b"%PDF-1.7\n" + bytes(600), NotAVideo),
        (b"PK\x03\x04" + bytes(600), NotAVideo),
        (b"\0" * 5000, NotAVideo),
        (b"ID3\x04" + bytes(600), NoVideoStream),
        (b"RIFF\0\0\1\0WAVEfmt " + bytes(600), NoVideoStream),
    ],
)
def test_other_files_are_rejected(data: bytes, kind: type[PermanentError]) -> None:
    assert type(_probe_error(data)) is kind


def test_sound_without_video_is_rejected() -> None:
    assert _probe_error(make_sound_only().read_bytes()).code == "no-video-stream"


def test_mp4_without_moov_is_truncated() -> None:
    clip = CLIP_SPECS["ntsc"].encode()
    data = clip.path.read_bytes()
    error = _probe_error(data[: data.index(b"moov") - 4])
    assert isinstance(error, VideoTruncated)
    assert "table of contents" in str(error)


def test_fragmented_mp4_cut_within_the_header_of_a_box_is_truncated() -> None:
    flags = "frag_keyframe+empty_moov+default_base_moof"
    clip = ClipSpec(
        frame_count=20, options=(("g", "5"),), container_options=(("movflags", flags),)
    ).encode()
    data = clip.path.read_bytes()
    at = data.rfind(b"moof") - 4
    for size, is_cut in ((at, False), (at + 1, True), (at + 7, True), (at + 9, True)):
        facts = probe(io.BytesIO(data[:size]), size)
        assert any("cut off" in warning for warning in facts.warnings) == is_cut, size - at


def test_pauses_and_edit_lists_are_no_damage() -> None:
    durations = (1, 1, 1, 1, 1, 76, *(1 for _ in range(9)))
    options = (("g", "12"), ("bf", "2"))
    pause = ClipSpec(
        "mkv", "mpeg2video", 15, Fraction(1, 25), durations, options, width=132, height=98
    )
    trimmed = ClipSpec(
        "mp4", "mpeg1video", 28, Fraction(1, 50), (1,), (("g", "25"),), offset_s=-Fraction(6, 50)
    )
    for spec in (pause, trimmed):
        facts = probe_file(spec.encode().path)
        assert (facts.warnings, facts.discontinuities) == ((), ()), spec.suffix


def test_truncated_mp4_reports_the_remaining_duration() -> None:
    clip = ClipSpec(
        options=CLIP_SPECS["cfr30"].options, container_options=(("movflags", "+faststart"),)
    ).encode()
    path = damage_clip(clip, "half", lambda data: data[: len(data) * 6 // 10])
    facts = probe_file(path)
    assert facts.duration is not None
    assert 4 < facts.duration < 8
    assert "cut off" in facts.warnings[0]


def test_oversized_picture_is_rejected_before_decoding() -> None:
    """The container says 16383×16383, and so does the keyframe (VP8, RFC 6386 §9.1)."""
    clip = ClipSpec(suffix="webm", codec="libvpx", frame_count=3, width=320, height=272).encode()
    data = clip.path.read_bytes()
    large = struct.pack(">H", 16383)
    data = data.replace(b"\xb0\x82\x01\x40", b"\xb0\x82" + large)
    data = data.replace(b"\xba\x82\x01\x10", b"\xba\x82" + large)
    data = data.replace(b"\x9d\x01\x2a\x40\x01\x10\x01", b"\x9d\x01\x2a\xff\x3f\xff\x3f")
    error = _probe_error(data)
    assert isinstance(error, VideoTooLarge)
    assert "16383×16383" in str(error)


def test_oversized_gif_is_rejected_before_decoding() -> None:
    clip = ClipSpec(suffix="gif", codec="gif", pix_fmt="rgb8", frame_count=3).encode()
    data = bytearray(clip.path.read_bytes())
    data[6:10] = struct.pack("<HH", 20_000, 20_000)
    assert _probe_error(bytes(data)).code in ("video-too-large", "undecodable-video")


def test_every_input_of_every_recipe_has_an_examiner() -> None:
    assert {item.name for recipe in RECIPES.values() for item in recipe.inputs} == EXAMINERS.keys()


def test_first_picture_is_not_before_the_start_of_an_edit_list() -> None:
    """FFmpeg marks only the first of two pictures of MPEG-1 before the start as discarded."""
    spec = ClipSpec(
        codec="mpeg1video", time_base=Fraction(1, 24), frame_count=8, offset_s=Fraction(-2, 24)
    )
    assert probe_file(spec.encode().path).first_pts.seconds == 0
