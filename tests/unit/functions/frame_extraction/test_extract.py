"""Rare codecs, containers and rates give exact frames; damaged files give their intact part."""

from __future__ import annotations

import io
import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from functions.frame_extraction.extract import extract_window
from functions.frame_extraction.extraction_result import TimestampsOutOfOrder
from functions.frame_extraction.pick import PickReport, pick_frames
from functions.upload_trigger.probes.video import probe
from shared.errors import PermanentError
from shared.media.errors import TooManyFrames
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import Window, plan_windows
from tests.fixtures.media.clip_specs import CLIP_SPECS, RARE_CLIP_SPECS
from tests.fixtures.media.clips import ClipSpec, damage_clip
from tests.fixtures.media.counter import read_counter
from tests.fixtures.media.frame_oracle import (
    decode_oracle,
    intended_oracle,
    pick_counters,
    plan_many_windows,
    probe_file,
)

pytestmark = pytest.mark.slow

# FFmpeg numbers AVI's H.264 pictures in decoding order, so its pts are no oracle.
UNRELIABLE_PTS = {"avi-h264"}
# These first pictures lie before the start of the edit list and are never shown.
TRIMMED = {"trimmed-by-edit-list": 42}


def _check(kind: str, every: str) -> None:
    clip = RARE_CLIP_SPECS[kind].encode()
    media_info = probe_file(clip.path)
    oracle = intended_oracle(clip) if kind in UNRELIABLE_PTS else decode_oracle(clip)
    assert oracle.counters[0] == TRIMMED.get(kind, 0)
    options = FrameOptions.parse({"every": every})
    expected = oracle.expected_frames(options)
    report = PickReport()
    assert pick_counters(clip.path, media_info, options, report=report) == expected
    assert (
        pick_counters(
            clip.path, media_info, options, plan_many_windows(media_info, options), report
        )
        == expected
    )
    assert report.failures == []


@pytest.mark.parametrize("noise", [0, 20])
def test_pictures_with_the_time_of_another_one_are_not_lost(noise: int) -> None:
    # FFmpeg's muxer stamps a few pictures wrongly where headers come before a picture.
    spec = ClipSpec(
        "mpg", "mpeg1video", 60, Fraction(1, 25), options=(("g", "8"), ("bf", "2")),
        width=132, height=112, noise=noise,
    )  # fmt: skip
    clip, options = spec.encode(), FrameOptions.parse({"every": "0.04"})
    expected = intended_oracle(clip).expected_frames(options)
    assert pick_counters(clip.path, probe_file(clip.path), options) == expected


@pytest.mark.parametrize("count", [8, 21])
@pytest.mark.parametrize("longest", [1, 3, 6])
@pytest.mark.parametrize("flags", ["", "+frag_keyframe+empty_moov+default_base_moof"])
def test_pauses_before_reordered_pictures_change_no_other_time(
    count: int, longest: int, flags: str
) -> None:
    # MP4 stores durations in decoding order: with B pictures, those of other pictures.
    durations = [1] * count
    durations[longest] = 116
    spec = ClipSpec(
        frame_count=count, time_base=Fraction(1, 50), frame_durations=tuple(durations),
        options=(("bf", "3"), ("x264-params", "b-adapt=0:scenecut=0")),
        container_options=(("movflags", flags),) if flags else (), width=68, height=48,
    )  # fmt: skip
    clip, options = spec.encode(), FrameOptions.parse({"every": "0.1"})
    media_info = probe_file(clip.path)
    assert media_info.duration == clip.end_s
    expected = intended_oracle(clip).expected_frames(options)
    for windows in (None, plan_many_windows(media_info, options)):
        assert pick_counters(clip.path, media_info, options, windows) == expected


@pytest.mark.parametrize("kind", sorted(RARE_CLIP_SPECS))
def test_rare_clips_give_exact_frames(kind: str) -> None:
    _check(kind, "0.7")


@pytest.mark.sweep
@pytest.mark.parametrize("every", ["0.04", "0.2", "1/3", "1", "2.5", "10"])
@pytest.mark.parametrize("kind", sorted(RARE_CLIP_SPECS))
def test_rare_clips_give_exact_frames_at_every_interval(kind: str, every: str) -> None:
    _check(kind, every)


def test_decoding_does_not_start_at_a_gradual_refresh() -> None:
    """These keyframes are incomplete: decoders show gray there and report no error."""
    media_info = probe_file(RARE_CLIP_SPECS["gradual-refresh"].encode().path)
    assert media_info.random_access == "none"
    assert len(plan_many_windows(media_info, FrameOptions())) == 1


@pytest.mark.parametrize(("kind", "keep"), [("mpegts", 0.6), ("matroska", 0.55), ("webm", 0.7)])
def test_truncated_file_gives_the_frames_that_it_contains(kind: str, keep: float) -> None:
    clip = CLIP_SPECS[kind].encode()
    path = damage_clip(clip, f"keep {keep}", lambda data: data[: int(len(data) * keep)])
    media_info = probe_file(path)
    options = FrameOptions.parse({"every": "0.2"})
    all_frames = decode_oracle(clip).expected_frames(options)
    frames = pick_counters(path, media_info, options, plan_many_windows(media_info, options))
    # The last picture may be incomplete, and then be damaged or missing.
    assert len(all_frames) * (keep - 0.15) < len(frames) < len(all_frames)
    assert frames[:-1] == all_frames[: len(frames) - 1]


def test_first_half_of_an_mp4_gives_its_frames() -> None:
    spec = ClipSpec(
        options=CLIP_SPECS["cfr30"].options, container_options=(("movflags", "+faststart"),)
    )
    clip = spec.encode()
    path = damage_clip(clip, "half", lambda data: data[: len(data) * 6 // 10])
    media_info = probe_file(path)
    options = FrameOptions.parse({"every": "0.2"})
    all_frames = decode_oracle(clip).expected_frames(options)
    for windows in (plan_windows(media_info, options), plan_many_windows(media_info, options)):
        frames = pick_counters(path, media_info, options, windows)
        assert 20 < len(frames) < len(all_frames)
        assert frames[:-1] == all_frames[: len(frames) - 1]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", ["cfr30", "mpegts", "webm", "matroska"])
def test_flipped_bits_neither_crash_nor_shift_other_frames(
    kind: str, seed: int, tmp_path: Path
) -> None:
    clip = CLIP_SPECS[kind].encode()
    rng = random.Random(seed)
    data = bytearray(clip.path.read_bytes())
    for _ in range(rng.choice([1, 20, 400])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path = tmp_path / clip.path.name
    path.write_bytes(data)
    options = FrameOptions.parse({"every": "0.5"})
    try:
        media_info = probe_file(path)
        windows = plan_windows(media_info, options, max_frames=2000)
        with path.open("rb") as file:
            frames = [
                f for window in windows for f in pick_frames(file, window, options, media_info)
            ]
    except (PermanentError, ValueError, TimestampsOutOfOrder):
        return
    for before, after in pairwise(frames):
        assert after.index == before.index + 1
        assert after.pts >= before.pts
    assert all(frame.time_s <= frame.target for frame in frames)


def test_file_longer_than_its_metadata_stops_at_the_limit() -> None:
    clip = CLIP_SPECS["cfr30"].encode()
    media_info = probe_file(clip.path)
    options = FrameOptions.parse({"every": "0.1"})
    window = Window(0, 0, None, 40)
    with clip.path.open("rb") as file, pytest.raises(TooManyFrames, match="more than 40 frames"):
        list(pick_frames(file, window, options, media_info))


def test_pictures_are_upright_with_square_pixels_within_max_width() -> None:
    options = FrameOptions.parse({"every": "1", "max_width": 100, "format": "png"})
    for kind, size in (("cfr30", (67, 100)), ("rotated-90", (67, 100)), ("mirrored-90", (67, 100))):
        clip = CLIP_SPECS[kind].encode()
        media_info = probe_file(clip.path)
        with clip.path.open("rb") as file:
            for window in plan_windows(media_info, options):
                for frame in pick_frames(file, window, options, media_info):
                    assert frame.image.shape == (*size, 3)
                    assert read_counter(frame.image) == 30 * frame.index


def test_pack_entries_contain_target_and_actual_times() -> None:
    clip = CLIP_SPECS["later"].encode()
    data = clip.path.read_bytes()
    media_info = probe(io.BytesIO(data), len(data))
    options = FrameOptions.parse({"every": "1/3", "start": "1", "end": "2"})
    out = io.BytesIO()
    counts: list[int] = []
    extracted = extract_window(
        io.BytesIO(data),
        out,
        plan_windows(media_info, options)[0],
        options,
        media_info,
        on_frame=counts.append,
    )
    entries = extracted.index.entries
    assert counts == [1, 2, 3]
    assert [entry.name for entry in entries] == [
        "frame_000001_00m01.000s.jpg",
        "frame_000002_00m01.333s.jpg",
        "frame_000003_00m01.667s.jpg",
    ]
    assert [entry.stamp.target for entry in entries] == [1, Fraction(4, 3), Fraction(5, 3)]
    times = [entry.stamp.pts.seconds - media_info.first_pts.seconds for entry in entries]
    assert times == [1, Fraction(4, 3), Fraction(5, 3)]
    assert extracted.warnings == ()
    assert extracted.index.size_bytes == len(out.getvalue())
