"""Each of the files that were written one behind the other is shown as it states itself."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np
import pytest

from functions.upload_trigger.probes.summary import UNREAD_JUMP_WARNING
from functions.upload_trigger.probes.timelines import read_timeline
from functions.upload_trigger.probes.video import probe
from shared.media.containers.range_file import RangeFile
from tests.corpus.discontinuities import FIRST, JOINED_COUNTERS, SECOND
from tests.corpus.encoding import clip_bytes, run_ffmpeg
from tests.corpus.outcome import process_file
from tests.corpus.shapes.coloured_clips import RED, extract_pictures, make_plain
from tests.corpus.shapes.sample_descriptions import change_entry
from tests.fixtures.media.clips import make_sound_only

pytestmark = pytest.mark.slow

LEFT_OUT = "A part of the file has no pictures that can be read; it is left out."
FRAGMENTED = (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
PQ = b"\0\0\0\x13colrnclx\0\x09\0\x10\0\x09\0"


@pytest.mark.parametrize("rotations", [(0, 90), (90, 0), (90, 270), (180, 90)])
def test_each_file_has_its_own_rotation(rotations: tuple[int, int]) -> None:
    first, second = (
        clip_bytes(replace(spec, suffix="mp4", rotation=(degrees, degrees == 270)))
        for spec, degrees in zip((FIRST, SECOND), rotations, strict=True)
    )
    outcome = process_file(first + second, "0.5")
    assert outcome.counters == JOINED_COUNTERS
    assert {picture.shape for picture in outcome.pictures} == {(64, 96, 3)}


@pytest.mark.parametrize("is_first_high", [True, False])
def test_each_file_has_its_own_colours(is_first_high: bool) -> None:
    plain = make_plain(RED, "64x64")
    high = change_entry(plain, remove=(b"colr",), add=(PQ,))
    files = (high, plain) if is_first_high else (plain, high)
    expected = [image for data in files for image in extract_pictures(data)[1]]
    _, images = extract_pictures(b"".join(files))
    assert len(images) == len(expected) == 4
    assert not np.array_equal(images[0], images[2])
    for image, other in zip(images, expected, strict=True):
        assert np.array_equal(image, other)


@pytest.mark.parametrize("fragmented", [(False, True), (True, False), (True, True)])
def test_fragmented_and_other_files_follow_each_other(fragmented: tuple[bool, bool]) -> None:
    data = b"".join(
        clip_bytes(replace(spec, suffix="mp4", container_options=FRAGMENTED if is_cut else ()))
        for spec, is_cut in zip((FIRST, SECOND), fragmented, strict=True)
    )
    outcome = process_file(data, "0.5")
    assert (outcome.code, outcome.counters) == ("", JOINED_COUNTERS)


def _clip(suffix: str, number: int) -> bytes:
    return clip_bytes(replace((FIRST, SECOND)[number], suffix=suffix, has_sound=True))


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "flv", "ts"])
def test_file_without_pictures_is_left_out_with_a_warning(suffix: str) -> None:
    data = _clip(suffix, 0) + make_sound_only(suffix).read_bytes() + _clip(suffix, 1)
    outcome = process_file(data, "0.5")
    assert outcome.counters == JOINED_COUNTERS
    assert outcome.warnings == (
        "A part of the file has no pictures that can be read; it is left out.",
    )


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_JOINED_BYTES"])
def test_second_matroska_is_found_in_a_large_file(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """By the sizes of the segments; only a file of more than MAX_JOINED_BYTES is not read."""
    data = _clip("mkv", 0) + _clip("mkv", 1)
    monkeypatch.setitem(read_timeline.MAX_BYTES, "matroska", 10_000)
    if limit == "MAX_JOINED_BYTES":
        monkeypatch.setattr(read_timeline, limit, 10_000)
    media_info = probe(io.BytesIO(data), len(data))
    assert len(media_info.joined_at) == (limit == "MAX_BYTES")
    assert media_info.warnings == (() if media_info.joined_at else (UNREAD_JUMP_WARNING,))


def test_boxes_of_a_file_in_fragments_are_read_once() -> None:
    """Each box may cost a request."""
    box = struct.pack(">I4s", 300_000, b"free").ljust(300_000, b"\0")
    data = clip_bytes(replace(FIRST, suffix="mp4", container_options=FRAGMENTED)) + box * 40
    file = RangeFile(lambda at, length: data[at : at + length], len(data))
    probe(file, len(data))
    # FFmpeg reads them too, once for each of two times that it opens the file.
    assert file.fetched_bytes < 3.5 * len(data)


def test_program_tables_in_a_row_are_not_read_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each recording has other streams: FFmpeg reads the rest of the file for each of them."""
    parts = [
        run_ffmpeg(f"pid{n}", "ts", "-i", replace(FIRST, frame_count=30), "-c", "copy",
                   "-mpegts_start_pid", hex(0x100 + 16 * n))
        for n in range(6)
    ]  # fmt: skip
    data = b"".join(parts)
    assert len(probe(io.BytesIO(data), len(data)).joined_at) == 5
    monkeypatch.setattr(read_timeline, "MAX_READ_BYTES", len(data))
    assert UNREAD_JUMP_WARNING in probe(io.BytesIO(data), len(data)).warnings
    monkeypatch.setattr(read_timeline, "MAX_READ_BYTES", 3 * len(data))
    media_info = probe(io.BytesIO(data), len(data))
    assert 1 <= len(media_info.joined_at) < 5
    assert any("pictures near the end may be missing" in text for text in media_info.warnings)
