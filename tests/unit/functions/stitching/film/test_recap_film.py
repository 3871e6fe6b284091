"""The film of a recap: clips of the video with their own sound under the narration."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from functions.stitching.render import render_film
from shared.pipeline import Bucket
from shared.recipes.films.speech import SpeechAudio
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.media.emotions import make_moment
from tests.fixtures.media.films import (
    decode_frames,
    decode_sound,
    find_onsets,
    measure_loudness,
)
from tests.fixtures.media.recaps import make_recap_job, write_flash_video
from tests.fixtures.stage_harness import StageHarness
from tests.unit.functions.stitching.audio.test_loudness import make_voice_like_sound
from tests.unit.functions.stitching.film.deck_jobs import SPECS
from tests.unit.functions.stitching.film.test_deck_film import run_stitching

pytestmark = pytest.mark.slow
MOMENTS = (make_moment(5.0, "happy", 0.9), make_moment(9.0, "sad", 0.7))
SILENT = SpeechAudio(b"", 24_000)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_flash_video(tmp_path_factory.mktemp("recap") / "day.mp4")


def make_voice(seconds: float) -> SpeechAudio:
    sound = make_voice_like_sound(24000, seconds)[0]
    return SpeechAudio((sound * 32767).astype("<i2").tobytes(), 24000)


def read_level(sound: np.ndarray, begin_s: float, end_s: float) -> float:
    """The root mean square of a part of a sound at 48 kHz."""
    part = sound[0, round(begin_s * 48_000) : round(end_s * 48_000)]
    return float(np.sqrt((part**2).mean()))


def test_moments_are_clips_with_their_own_sound(
    harness: StageHarness, video: Path, tmp_path: Path
) -> None:
    job = make_recap_job(harness, video, MOMENTS, [make_voice(2.0)] * 4, options={"length": 15})
    files = run_stitching(harness, job, tmp_path)
    path = files["film.mp4"]
    with av.open(str(path)) as container:
        chapters = [row["start"] / 1000 for row in container.chapters()]
    # Clips have their own sound alone for 1.3 s on both sides; the montage takes two seconds.
    assert chapters == [0.0, 3.0, 7.6, 12.2]
    frames = [
        (float(time), frame.to_ndarray(format="gray").mean(axis=0).astype(int))
        for time, frame in decode_frames(path)
    ]
    clip = [row for time, row in frames if 3.5 < time < 7.6]
    moved = sum(bool(abs(b - a).max() > 20) for a, b in pairwise(clip))
    assert len(clip) > 90
    assert moved > 0.9 * len(clip)
    for start in chapters:
        assert min(abs(time - start) for time, _ in frames) < 0.001
    sound, _ = decode_sound(path)
    assert 0.001 < read_level(sound, 3.2, 4.2) < read_level(sound, 4.5, 6.0)
    assert measure_loudness(path)[0] == pytest.approx(-16, abs=1)
    # The poster is the strongest moment, not the first slide.
    poster = np.asarray(Image.open(files["poster.jpg"]).convert("HSV"))
    assert poster[..., 1].mean() < 20


@pytest.mark.extended
def test_original_sound_is_heard_with_its_pictures(
    harness: StageHarness, video: Path, tmp_path: Path
) -> None:
    options = {"sound": "original", "length": 15}
    job = make_recap_job(harness, video, MOMENTS[:1], [SILENT] * 3, options=options)
    files = run_stitching(harness, job, tmp_path)
    assert "narration.m4a" not in files  # nothing is spoken
    path = files["film.mp4"]
    flashes = [
        float(time)
        for time, frame in decode_frames(path)
        if 4.5 < time < 9.8 and frame.to_ndarray(format="gray").mean() > 200
    ]
    sound, rate = decode_sound(path)
    clicks = [time for time in find_onsets(sound, rate) if 4.5 < time < 9.8]
    assert len(flashes) in (2, 3)
    assert clicks == pytest.approx(flashes, abs=0.005)
    assert measure_loudness(path)[0] == pytest.approx(-16, abs=1)


@pytest.mark.extended
def test_narrated_clips_have_no_sound_of_their_own(
    harness: StageHarness, video: Path, tmp_path: Path
) -> None:
    options = {"sound": "narrated"}
    job = make_recap_job(harness, video, MOMENTS[:1], [make_voice(1.0)] * 3, options=options)
    path = run_stitching(harness, job, tmp_path)["film.mp4"]
    sound, _ = decode_sound(path)
    assert len(sound) == 1
    assert read_level(sound, 2.1, 2.3) < 0.0001


def test_option_stills_and_an_obstacle_show_slides(
    harness: StageHarness, video: Path, tmp_path: Path
) -> None:
    options = {"footage": "stills"}
    job = make_recap_job(harness, video, MOMENTS[:1], [make_voice(1.0)] * 3, options=options)
    path = run_stitching(harness, job, tmp_path)["film.mp4"]
    assert len(list(decode_frames(path))) < 10
    other = StageHarness.create(harness.gcs)
    gone = make_recap_job(other, video, MOMENTS[:1], [make_voice(1.0)] * 3)
    other.objects.delete(Bucket.UPLOADS, f"jobs/{gone.id}/video.0")
    film = render_film(
        other.make_context(
            "stitching", "0", other.make_stage("stitching", SPECS), gone, MemoryJobStore()
        )
    )
    assert film.warnings == (
        "The film shows still pictures instead of clips: the video is no longer there.",
    )
