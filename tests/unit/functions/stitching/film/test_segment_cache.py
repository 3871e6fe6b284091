"""After an edit of the deck only changed segments are encoded, and the film is the same as anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from functions.stitching.film.encoding import EncodedSegment
from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.segment_cache import SegmentCache
from functions.stitching.film.segments import plan_segments
from functions.stitching.film.timeline import RATE_HZ, build_timeline
from functions.stitching.join import copy_results
from functions.stitching.render import render_film
from shared.jobs.model import Job
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import FILM_CACHE_PREFIX, Bucket
from shared.recipes.films.options import FilmOptions
from shared.recipes.films.speech import SpeechAudio
from shared.runtime.owner_cache import OwnerCache
from shared.subtitles.cues import build_cues
from shared.tasks.errors import DeadlineNear
from tests.fixtures.media.films import (
    SIZE,
    decode_sound,
    find_onsets,
    make_click_speech,
    make_grey_planes,
    make_narration,
    slide_grey,
)
from tests.fixtures.media.uploads import encode_picture, make_sound_file
from tests.fixtures.stage_harness import StageHarness
from tests.unit.functions.stitching.film.deck_jobs import (
    SPECS,
    make_presentation_job,
    make_slide_pictures,
)

pytestmark = pytest.mark.slow

VARIANTS: list[tuple[int, dict[str, str], int]] = [
    (5, {}, 1),
    (4, {"subtitles": "burned"}, 1),
    (5, {"transition": "fade"}, 2),
]
"""Slides, options, and the number of scenes that show an edited slide (a fade shows two)."""
EDITED_SLIDE = 2


def make_speeches(slides: int) -> list[SpeechAudio]:
    return [make_click_speech(1.1 + 0.13 * n, 24000) for n in range(slides)]


def edit_picture(pictures: list[bytes]) -> list[bytes]:
    green = encode_picture(Image.new("RGB", (720, 720), (40, 90, 60)), "PNG")
    return [green if n == EDITED_SLIDE else picture for n, picture in enumerate(pictures)]


def run_stitching(harness: StageHarness, job: Job, folder: Path) -> tuple[UnitDone, Path]:
    done = harness.run_stage("stitching", render_film, copy_results, SPECS, job)
    path = folder / f"{len(list(folder.iterdir()))}.mp4"
    path.write_bytes(harness.read_artifact(done.artifacts[0]))
    return done, path


def count_scenes(done: UnitDone) -> tuple[Any, Any]:
    """Returns the numbers of encoded and reused scenes."""
    assert done.facts is not None
    return done.facts["scenes_encoded"], done.facts["scenes_reused"]


@pytest.mark.parametrize(("slides", "options", "changed"), VARIANTS)
def test_only_the_edited_slide_is_encoded_again(
    harness: StageHarness, tmp_path: Path, slides: int, options: dict[str, str], changed: int
) -> None:
    speeches, before = make_speeches(slides), make_slide_pictures(slides)
    after = edit_picture(before)
    first, _ = run_stitching(
        harness,
        make_presentation_job(harness, speeches=speeches, pictures=before, options=options),
        tmp_path,
    )
    assert count_scenes(first) == (slides, 0)
    job = make_presentation_job(harness, speeches=speeches, pictures=after, options=options)
    second, path = run_stitching(harness, job, tmp_path)
    assert count_scenes(second) == (changed, slides - changed)
    assert first.artifacts[0].object != second.artifacts[0].object
    other = StageHarness.create(harness.gcs)
    job = make_presentation_job(other, speeches=speeches, pictures=after, options=options)
    uncached, uncached_path = run_stitching(other, job, tmp_path)
    assert count_scenes(uncached) == (slides, 0)
    assert path.read_bytes() == uncached_path.read_bytes()
    assert read_colours(path) == read_colours(uncached_path)
    assert read_colours(path)[EDITED_SLIDE] == pytest.approx([40, 90, 60], abs=4)


def read_colours(path: Path) -> list[list[int]]:
    """Returns a colour of the top left quarter of every scene, after its fade."""
    with av.open(str(path)) as container:
        starts = [float(row["start"] * (row["time_base"] or 0)) for row in container.chapters()]
        frames = [
            (float(frame.time or 0), frame.to_ndarray(format="rgb24")[180, 180])
            for frame in container.decode(video=0)
        ]
    return [
        [int(value) for value in next(rgb for time, rgb in reversed(frames) if time <= start + 0.5)]
        for start in starts
    ]


def test_changed_speech_shifts_other_slides_without_encoding_them(
    harness: StageHarness, tmp_path: Path
) -> None:
    speeches = make_speeches(5)
    run_stitching(harness, make_presentation_job(harness, speeches=speeches), tmp_path)
    longer = [
        make_click_speech(3.3, 24000) if n == EDITED_SLIDE else speech
        for n, speech in enumerate(speeches)
    ]
    done, path = run_stitching(harness, make_presentation_job(harness, speeches=longer), tmp_path)
    assert count_scenes(done) == (1, 4)
    starts = np.cumsum([0, *(speech.samples / 24000 + 1 for speech in longer[:-1])])
    keys = [time for time, key in read_frames(path) if key]
    assert keys == pytest.approx(list(starts), abs=0.001)
    assert find_onsets(*decode_sound(path)) == pytest.approx(list(starts + 0.35), abs=0.005)


def read_frames(path: Path) -> list[tuple[float, bool]]:
    with av.open(str(path)) as container:
        return [
            (float(packet.pts * packet.time_base), packet.is_keyframe)
            for packet in container.demux(video=0)
            if packet.pts is not None and packet.time_base is not None
        ]


def test_added_music_encodes_no_segment(harness: StageHarness, tmp_path: Path) -> None:
    run_stitching(harness, make_presentation_job(harness), tmp_path)
    done, _ = run_stitching(
        harness, make_presentation_job(harness, music=make_sound_file("mp3", 2)), tmp_path
    )
    assert count_scenes(done) == (0, 3)


def test_interrupted_attempt_continues_where_it_stopped(
    harness: StageHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = SegmentCache._get

    def fail_after_two(self: SegmentCache, *arguments: Any) -> EncodedSegment:
        if len(self.encoded_scenes) == 2:
            raise DeadlineNear
        return original(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(SegmentCache, "_get", fail_after_two)
        with pytest.raises(DeadlineNear):
            run_stitching(harness, make_presentation_job(harness), tmp_path)
    stored = [name for name in harness.list_names(Bucket.WORK) if name.startswith("cache/films/")]
    assert len(stored) == 2
    done, _ = run_stitching(harness, make_presentation_job(harness), tmp_path)
    assert count_scenes(done) == (1, 2)


def get_motion_segments(
    harness: StageHarness, names: list[str], seconds: list[float]
) -> tuple[SegmentCache, list[int]]:
    """Returns the cache of a small film with motion, fades and burned-in lines, and the sizes of
    its segments."""
    film = build_timeline(make_narration([make_click_speech(length, 8000) for length in seconds]))
    options = FilmOptions("fade", "burned", "gentle")
    renderer = FrameRenderer(
        film,
        names,
        lambda n: make_grey_planes(slide_grey(len(names[n])), SIZE),
        SIZE,
        "en",
        dict.fromkeys(range(len(names)), (0, 0, *SIZE)),
    )
    cache = SegmentCache(
        OwnerCache(harness.objects, FILM_CACHE_PREFIX, "anna"), renderer, SIZE, "gentle"
    )
    segments = plan_segments(film, build_cues(film.sentences), options, range(len(names)))
    return cache, [
        len(segment.to_bytes()) for _, segment in cache.get_segments(segments, lambda: None)
    ]


def test_fade_with_motion_encodes_the_next_scene_as_well(
    harness: StageHarness,
) -> None:
    seconds = [0.6, 0.7, 0.8, 0.9]
    assert get_motion_segments(harness, ["a", "bb", "c", "d"], seconds)[0].encoded_scenes == {
        0,
        1,
        2,
        3,
    }
    assert get_motion_segments(harness, ["a", "b", "c", "d"], seconds)[0].encoded_scenes == {1, 2}
    assert get_motion_segments(harness, ["a", "b", "c", "d"], seconds)[0].encoded_scenes == set()


def test_long_motion_over_one_slide_is_encoded_once_per_cycle(harness: StageHarness) -> None:
    film = build_timeline(make_narration([SpeechAudio(bytes(2 * 8000 * 110), 8000)]))
    renderer = FrameRenderer(
        film, ["a"], lambda _: make_grey_planes(90, SIZE), SIZE, "en", {0: (0, 0, *SIZE)}
    )
    cache = SegmentCache(
        OwnerCache(harness.objects, FILM_CACHE_PREFIX, "anna"), renderer, SIZE, "gentle"
    )
    segments = plan_segments(film, (), FilmOptions(motion="gentle"), {0})
    encoded = list(cache.get_segments(segments, lambda: None))
    assert [start // RATE_HZ for start, _ in encoded] == [0, 24, 48, 72, 96]
    assert len(harness.list_names(Bucket.WORK)) == 2
