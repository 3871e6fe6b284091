"""Cuts are found in the video, and movement between two frames is none."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from functions.emotion_scoring.scenes import search
from functions.emotion_scoring.scenes.collector import Candidate
from functions.emotion_scoring.scenes.search import locate_cuts
from functions.upload_trigger.probes.video import probe
from shared.entrypoints.stage import UnitContext
from shared.flows.envelope import JOIN
from shared.media.containers.range_file import RangeFile
from shared.pipeline import Bucket
from shared.recipes.media_info import MediaInfo
from shared.recipes.upload_results import Upload
from tests.fixtures.media.faces import MEDIA_INFO
from tests.fixtures.stage_harness import make_job
from tests.unit.functions.emotion_scoring.scene import Scene, upload_facts

pytestmark = pytest.mark.slow
FRAMES_PER_S = 25
CUT_FRAME = 61
CANDIDATES = tuple(Candidate(Fraction(n), Fraction(n + 1), 30.0 + n) for n in range(4))


def write_moving_video(path: Path) -> bytes:
    """Writes 4 s of stripes that move by half their width in a second, with one cut at 2.44 s."""
    columns = np.arange(96)
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=FRAMES_PER_S, options={"g": "50"})
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        for n in range(4 * FRAMES_PER_S):
            wave = (1 + np.sin(2 * np.pi * (columns / 48 - n / (2 * FRAMES_PER_S)))) / 2
            picture = np.repeat((200 * wave)[None, :, None], 64, axis=0).repeat(3, axis=2)
            if n >= CUT_FRAME:
                picture[..., 0] = 255 - picture[..., 0]
            frame = av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, FRAMES_PER_S)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path.read_bytes()


def write_dissolve(path: Path) -> bytes:
    """Writes 4 s in which one picture gives way to another one from 1.5 s to 2.5 s."""
    columns, rows = np.meshgrid(np.arange(96), np.arange(64))
    one = np.stack([columns * 2, rows * 3, columns + rows], axis=2)
    other = np.stack([255 - rows * 2, 60 + columns, 255 - columns], axis=2)
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=FRAMES_PER_S, options={"g": "50"})
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        for n in range(4 * FRAMES_PER_S):
            share = min(1.0, max(0.0, n / FRAMES_PER_S - 1.5))
            picture = (one * (1 - share) + other * share).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, FRAMES_PER_S)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path.read_bytes()


def make_context(scene: Scene, data: bytes, info: MediaInfo) -> UnitContext:
    stored = scene.harness.put_object(Bucket.UPLOADS, "jobs/j/moving.mp4", data, "video/mp4")
    facts = upload_facts(Upload(stored, "moving.mp4", info))
    return replace(scene, job=make_job("recap", facts=facts)).make_context(JOIN)


def test_cut_is_found_and_movement_is_not(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_moving_video(tmp_path / "moving.mp4")
    info = probe(RangeFile(lambda at, n: data[at : at + n], len(data)), len(data))
    context = make_context(scene, data, info)
    cut = Fraction(CUT_FRAME, FRAMES_PER_S)
    assert list(locate_cuts(context, CANDIDATES).values()) == [(), (), (cut,), ()]
    # Of more candidates those that differ most are searched.
    monkeypatch.setattr(search, "MAX_SEARCHED_S", 2)
    assert list(locate_cuts(context, CANDIDATES).values()) == [(1,), (2,), (cut,), ()]


def test_dissolve_is_found_where_no_picture_differs_much_from_the_one_before(
    scene: Scene, tmp_path: Path
) -> None:
    data = write_dissolve(tmp_path / "dissolve.mp4")
    info = probe(RangeFile(lambda at, n: data[at : at + n], len(data)), len(data))
    hard = Candidate(Fraction(2), Fraction(3), 50.0)
    gradual = Candidate(Fraction(1), Fraction(3), 60.0, gradual=True)
    still = Candidate(Fraction(0), Fraction(1), 30.0, gradual=True)
    found = locate_cuts(make_context(scene, data, info), (hard, gradual, still))
    assert [float(time) for time in found[hard]] == pytest.approx([2.0], abs=0.1)
    assert found[gradual] == found[hard]
    assert found[still] == ()


@pytest.mark.parametrize("container", ["avi", "mov,mp4,m4a,3gp,3g2,mj2"])
def test_video_that_cannot_be_searched_has_cuts_at_its_frames(scene: Scene, container: str) -> None:
    context = make_context(scene, b"no video", replace(MEDIA_INFO, container=container))
    gradual = Candidate(Fraction(1), Fraction(3), 60.0, gradual=True)
    found = locate_cuts(context, (CANDIDATES[0], gradual))
    assert list(found.values()) == [(Fraction(1),), ()]
