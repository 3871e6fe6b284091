"""Ranged reads: correct bytes, few requests, and read errors are not the end of the file."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.frame_extraction.pick import pick_frames
from functions.upload_trigger.probes.video import probe
from shared.media.containers.range_file import RangeFile
from shared.media.errors import ShortRead
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import plan_windows
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.clips import ClipSpec
from tests.fixtures.media.counter import read_counter
from tests.fixtures.media.frame_oracle import decode_oracle, plan_many_windows

pytestmark = pytest.mark.slow

DATA = bytes(range(256)) * 40


@given(
    st.lists(st.tuples(st.integers(0, 11_000), st.integers(-1, 4000)), max_size=30),
    st.sampled_from([1, 7, 64, 1000, 20_000]),
    st.integers(1, 5),
)
def test_reads_equal_those_of_a_plain_file(
    reads: list[tuple[int, int]], block_bytes: int, read_ahead: int
) -> None:
    plain = io.BytesIO(DATA)
    ranged = RangeFile(
        lambda at, n: DATA[at : at + n],
        len(DATA),
        block_bytes=block_bytes,
        max_cached_blocks=read_ahead + 1,
        read_ahead=read_ahead,
    )
    for position, size in reads:
        if position % 3:
            plain.seek(position)
            ranged.seek(position)
        assert ranged.read(size) == plain.read(size)
        assert ranged.tell() == plain.tell()
    assert ranged.seek(-10, io.SEEK_END) == plain.seek(-10, io.SEEK_END)
    buffer = bytearray(20)
    assert ranged.readinto(buffer) == 10


def test_blocks_are_cached_and_counted() -> None:
    ranged = RangeFile(
        lambda at, n: DATA[at : at + n],
        len(DATA),
        block_bytes=1000,
        max_cached_blocks=3,
        read_ahead=2,
    )
    for _ in range(5):
        ranged.seek(0)
        ranged.read(900)
    assert (ranged.requests, ranged.fetched_bytes) == (1, 1000)
    ranged.read(5500)
    assert ranged.requests == 5
    assert ranged.fetched_bytes == 8000


@pytest.mark.parametrize("failing", [0, 1, 2, 5, 9])
def test_short_response_is_not_the_end_of_the_file(failing: int) -> None:
    """After a short response the work fails as transient, and no frame is missing silently."""
    path = CLIP_SPECS["cfr30"].encode().path
    size = path.stat().st_size
    calls = 0

    def read_at(offset: int, length: int) -> bytes:
        nonlocal calls
        calls += 1
        with path.open("rb") as file:
            data = os.pread(file.fileno(), length, offset)
        return data[: length // 2] if calls - 1 == failing else data

    def run() -> int:
        file = RangeFile(read_at, size, block_bytes=8 << 10, read_ahead=1)
        media_info = probe(file, size)
        options = FrameOptions.parse({"every": "0.5"})
        second_file = RangeFile(read_at, size, block_bytes=8 << 10, read_ahead=1)
        windows = plan_windows(media_info, options)
        return sum(
            1 for window in windows for _ in pick_frames(second_file, window, options, media_info)
        )

    with pytest.raises(ShortRead):
        run()
    assert calls > failing
    assert run() == 25


@pytest.mark.parametrize("name", ["cfr30", "open-gop", "matroska", "webm", "mpegts", "vfr"])
def test_windows_read_exact_frames_and_only_a_part_of_the_file(name: str) -> None:
    # Large enough that opening the container, some 100 KB for a TS, is small next to the frames.
    size_option = ("b", "4M") if name == "webm" else ("crf", "6")
    clip = replace(
        CLIP_SPECS[name], options=(*CLIP_SPECS[name].options, size_option), noise=22
    ).encode()
    size = clip.path.stat().st_size
    with clip.path.open("rb") as file:
        media_info = probe(file, size)
        options = FrameOptions.parse({"every": "0.5"})
        frames: list[tuple[int, int]] = []
        fetched: list[int] = []
        for window in plan_many_windows(media_info, options):
            ranged = RangeFile(
                lambda at, n: os.pread(file.fileno(), n, at), size, block_bytes=4096, read_ahead=1
            )
            frames += [
                (frame.index, read_counter(frame.image))
                for frame in pick_frames(ranged, window, options, media_info)
            ]
            fetched.append(ranged.fetched_bytes)
    assert frames == decode_oracle(clip).expected_frames(options)
    assert min(fetched) < 0.75 * size


@pytest.mark.extended
def test_data_between_distant_targets_is_not_read() -> None:
    clip = ClipSpec(
        options=(("g", "30"), ("bf", "3"), ("crf", "6")), frame_count=1200, noise=22
    ).encode()
    size = clip.path.stat().st_size
    with clip.path.open("rb") as file:
        media_info = probe(file, size)
        options = FrameOptions.parse({"every": "10"})
        ranged = RangeFile(
            lambda at, n: os.pread(file.fileno(), n, at), size, block_bytes=4096, read_ahead=1
        )
        frames = [
            (frame.index, read_counter(frame.image))
            for window in plan_windows(media_info, options)
            for frame in pick_frames(ranged, window, options, media_info)
        ]
    assert frames == [(n, 300 * n) for n in range(4)]
    assert ranged.fetched_bytes < 0.3 * size


def test_cache_must_be_larger_than_read_ahead(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="max_cached_blocks must be larger"):
        RangeFile(lambda _at, _n: b"", 0, max_cached_blocks=4, read_ahead=4)
