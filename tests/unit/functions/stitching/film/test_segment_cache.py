"""A deck is edited: only what looks otherwise is encoded again, and nobody can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.segment_cache import SegmentCache
from functions.stitching.film.segments import plan_segments
from functions.stitching.film.timeline import RATE_HZ, build_timeline
from functions.stitching.join import copy_results
from functions.stitching.render import render_film
from functions.stitching.subtitles.cues import build_cues
from shared.errors import DeadlineNear
from shared.jobs.claims import UnitDone
from shared.jobs.model import Job
from shared.pipeline import Bucket
from shared.recipes.films.options import FilmOptions
from shared.recipes.films.speech import SpeechAudio
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
from tests.unit.functions.stitching.film.test_deck_film import (
    SPECS,
    make_presentation_job,
    make_slide_pictures,
)

pytestmark = pytest.mark.slow

WAYS: list[tuple[int, dict[str, str], int]] = [
    (10, {}, 1),
    (10, {"subtitles": "burned"}, 1),
    (5, {"transition": "fade"}, 2),
]
"""Slides, options, and how many scenes an edited slide is part of: a fade shows its neighbour."""
EDITED = 2


def speeches_of(slides: int) -> list[SpeechAudio]:
    return [make_click_speech(1.1 + 0.13 * n, 24000) for n in range(slides)]


def edited(pictures: list[bytes]) -> list[bytes]:
    green = encode_picture(Image.new("RGB", (720, 720), (40, 90, 60)), "PNG")
    return [green if n == EDITED else one for n, one in enumerate(pictures)]


def made(harness: StageHarness, job: Job, folder: Path) -> tuple[UnitDone, Path]:
    done = harness.run_stage("stitching", render_film, copy_results, SPECS, job)
    path = folder / f"{len(list(folder.iterdir()))}.mp4"
    path.write_bytes(harness.read_artifact(done.artifacts[0]))
    return done, path


def scenes(done: UnitDone) -> tuple[Any, Any]:
    """(encoded, found), as the job remembers them."""
    assert done.facts is not None
    return done.facts["scenes_encoded"], done.facts["scenes_reused"]


@pytest.mark.parametrize(("slides", "options", "touched"), WAYS)
def test_an_edited_slide_is_encoded_and_all_others_are_found(
    harness: StageHarness, tmp_path: Path, slides: int, options: dict[str, str], touched: int
) -> None:
    speeches, before = speeches_of(slides), make_slide_pictures(slides)
    after = edited(before)
    first, _ = made(
        harness,
        make_presentation_job(harness, speeches=speeches, pictures=before, options=options),
        tmp_path,
    )
    assert scenes(first) == (slides, 0)
    job = make_presentation_job(harness, speeches=speeches, pictures=after, options=options)
    second, path = made(harness, job, tmp_path)
    assert scenes(second) == (touched, slides - touched)
    assert first.artifacts[0].object != second.artifacts[0].object
    elsewhere = StageHarness.create(harness.gcs)
    job = make_presentation_job(elsewhere, speeches=speeches, pictures=after, options=options)
    fresh, afresh = made(elsewhere, job, tmp_path)
    assert scenes(fresh) == (slides, 0)
    assert path.read_bytes() == afresh.read_bytes()
    assert shades(path) == shades(afresh)
    middle = shades(path)[EDITED]
    assert middle == pytest.approx([40, 90, 60], abs=4)


def shades(path: Path) -> list[list[int]]:
    """The colour in the middle of the top left quarter of every scene, once it is settled."""
    with av.open(str(path)) as container:
        starts = [float(row["start"] * (row["time_base"] or 0)) for row in container.chapters()]
        shown = [
            (float(frame.time or 0), frame.to_ndarray(format="rgb24")[180, 180])
            for frame in container.decode(video=0)
        ]
    return [
        [int(value) for value in next(rgb for time, rgb in reversed(shown) if time <= start + 0.5)]
        for start in starts
    ]


def test_a_slide_that_is_spoken_otherwise_moves_the_others_and_leaves_them_as_they_are(
    harness: StageHarness, tmp_path: Path
) -> None:
    speeches = speeches_of(5)
    made(harness, make_presentation_job(harness, speeches=speeches), tmp_path)
    longer = [
        make_click_speech(3.3, 24000) if n == EDITED else one for n, one in enumerate(speeches)
    ]
    done, path = made(harness, make_presentation_job(harness, speeches=longer), tmp_path)
    assert scenes(done) == (1, 4)
    starts = np.cumsum([0, *(one.samples / 24000 + 1 for one in longer[:-1])])
    keys = [time for time, key in keyframes(path) if key]
    assert keys == pytest.approx(list(starts), abs=0.001)
    assert find_onsets(*decode_sound(path)) == pytest.approx(list(starts + 0.35), abs=0.005)


def keyframes(path: Path) -> list[tuple[float, bool]]:
    with av.open(str(path)) as container:
        return [
            (float(packet.pts * packet.time_base), packet.is_keyframe)
            for packet in container.demux(video=0)
            if packet.pts is not None and packet.time_base is not None
        ]


def test_music_that_is_added_encodes_no_picture(harness: StageHarness, tmp_path: Path) -> None:
    made(harness, make_presentation_job(harness), tmp_path)
    again, _ = made(
        harness, make_presentation_job(harness, music=make_sound_file("mp3", 2)), tmp_path
    )
    assert scenes(again) == (0, 3)


def test_work_that_was_broken_off_goes_on_where_it_stopped(
    harness: StageHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SegmentCache._run

    def fails_after_two(self: SegmentCache, *arguments: Any) -> bytes:
        if len(self.encoded) == 2:
            raise DeadlineNear
        return real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(SegmentCache, "_run", fails_after_two)
        with pytest.raises(DeadlineNear):
            made(harness, make_presentation_job(harness), tmp_path)
    kept = [name for name in harness.list_names(Bucket.WORK) if name.startswith("films/")]
    assert len(kept) == 2
    done, _ = made(harness, make_presentation_job(harness), tmp_path)
    assert scenes(done) == (1, 2)


def moving(
    harness: StageHarness, names: list[str], seconds: list[float]
) -> tuple[SegmentCache, list[int]]:
    """The runs of a small moving film with fades and burned-in lines, and how large each is."""
    film = build_timeline(make_narration([make_click_speech(one, 8000) for one in seconds]))
    options = FilmOptions("fade", "burned", "gentle")
    scenery = FrameRenderer(
        film, names, lambda n: make_grey_planes(slide_grey(len(names[n])), SIZE), SIZE, "en"
    )
    runs = SegmentCache(
        harness.objects, "films/00000000000000000001/segments/", scenery, SIZE, "gentle"
    )
    parts = plan_segments(film, build_cues(film.sentences), options)
    return runs, [len(run) for _, run in runs.get_segments(parts, lambda: None)]


def test_with_motion_and_fades_the_next_scene_shows_the_edited_slide_as_well(
    harness: StageHarness,
) -> None:
    seconds = [0.6, 0.7, 0.8, 0.9]
    assert moving(harness, ["a", "bb", "c", "d"], seconds)[0].encoded == {0, 1, 2, 3}
    assert moving(harness, ["a", "b", "c", "d"], seconds)[0].encoded == {1, 2}
    assert moving(harness, ["a", "b", "c", "d"], seconds)[0].encoded == set()


def test_a_long_move_over_one_slide_is_encoded_once_a_cycle(harness: StageHarness) -> None:
    film = build_timeline(make_narration([SpeechAudio(bytes(2 * 8000 * 110), 8000)]))
    scenery = FrameRenderer(film, ["a"], lambda _: make_grey_planes(90, SIZE), SIZE, "en")
    runs = SegmentCache(
        harness.objects, "films/00000000000000000001/segments/", scenery, SIZE, "gentle"
    )
    parts = plan_segments(film, (), FilmOptions(motion="gentle"))
    made_of = list(runs.get_segments(parts, lambda: None))
    assert [start // RATE_HZ for start, _ in made_of] == [0, 24, 48, 72, 96]
    assert len(harness.list_names(Bucket.WORK)) == 2
