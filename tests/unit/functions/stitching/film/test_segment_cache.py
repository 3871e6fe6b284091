"""A deck is edited: only what looks otherwise is encoded again, and nobody can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from functions.stitching.film.frames import Scenery
from functions.stitching.film.segment_cache import Runs
from functions.stitching.film.segments import passages
from functions.stitching.film.timeline import RATE_HZ, timeline
from functions.stitching.join import present
from functions.stitching.render import make
from functions.stitching.subtitles.cues import cues
from shared.errors import DeadlineNear
from shared.jobs.claims import Finished
from shared.jobs.model import Job
from shared.pipeline import Bucket
from shared.recipes.films.options import FilmOptions
from shared.recipes.films.speech import Spoken
from tests.fixtures.media.films import SIZE, click_speech, grey, heard, narration_of, onsets, shade
from tests.fixtures.media.uploads import encoded, sound_file
from tests.fixtures.stage_harness import Bench
from tests.unit.functions.stitching.film.test_deck_film import SPECS, order, slide_pictures

pytestmark = pytest.mark.slow

WAYS: list[tuple[int, dict[str, str], int]] = [
    (10, {}, 1),
    (10, {"subtitles": "burned"}, 1),
    (5, {"transition": "fade"}, 2),
]
"""Slides, options, and how many scenes an edited slide is part of: a fade shows its neighbour."""
EDITED = 2


def speeches_of(slides: int) -> list[Spoken]:
    return [click_speech(1.1 + 0.13 * n, 24000) for n in range(slides)]


def edited(pictures: list[bytes]) -> list[bytes]:
    green = encoded(Image.new("RGB", (720, 720), (40, 90, 60)), "PNG")
    return [green if n == EDITED else one for n, one in enumerate(pictures)]


def made(bench: Bench, job: Job, folder: Path) -> tuple[Finished, Path]:
    done = bench.run("stitching", make, present, SPECS, job)
    path = folder / f"{len(list(folder.iterdir()))}.mp4"
    path.write_bytes(bench.get(done.artefacts[0]))
    return done, path


def scenes(done: Finished) -> tuple[Any, Any]:
    """(encoded, found), as the job remembers them."""
    assert done.facts is not None
    return done.facts["scenes_encoded"], done.facts["scenes_found"]


@pytest.mark.parametrize(("slides", "options", "touched"), WAYS)
def test_an_edited_slide_is_encoded_and_all_others_are_found(
    bench: Bench, tmp_path: Path, slides: int, options: dict[str, str], touched: int
) -> None:
    speeches, before = speeches_of(slides), slide_pictures(slides)
    after = edited(before)
    first, _ = made(
        bench, order(bench, speeches=speeches, pictures=before, options=options), tmp_path
    )
    assert scenes(first) == (slides, 0)
    job = order(bench, speeches=speeches, pictures=after, options=options)
    second, path = made(bench, job, tmp_path)
    assert scenes(second) == (touched, slides - touched)
    assert first.artefacts[0].object != second.artefacts[0].object
    elsewhere = Bench.on(bench.stand_in)
    job = order(elsewhere, speeches=speeches, pictures=after, options=options)
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
    bench: Bench, tmp_path: Path
) -> None:
    speeches = speeches_of(5)
    made(bench, order(bench, speeches=speeches), tmp_path)
    longer = [click_speech(3.3, 24000) if n == EDITED else one for n, one in enumerate(speeches)]
    done, path = made(bench, order(bench, speeches=longer), tmp_path)
    assert scenes(done) == (1, 4)
    starts = np.cumsum([0, *(one.samples / 24000 + 1 for one in longer[:-1])])
    keys = [time for time, key in keyframes(path) if key]
    assert keys == pytest.approx(list(starts), abs=0.001)
    assert onsets(*heard(path)) == pytest.approx(list(starts + 0.35), abs=0.005)


def keyframes(path: Path) -> list[tuple[float, bool]]:
    with av.open(str(path)) as container:
        return [
            (float(packet.pts * packet.time_base), packet.is_keyframe)
            for packet in container.demux(video=0)
            if packet.pts is not None and packet.time_base is not None
        ]


def test_music_that_is_added_encodes_no_picture(bench: Bench, tmp_path: Path) -> None:
    made(bench, order(bench), tmp_path)
    again, _ = made(bench, order(bench, music=sound_file("mp3", 2)), tmp_path)
    assert scenes(again) == (0, 3)


def test_work_that_was_broken_off_goes_on_where_it_stopped(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Runs._run

    def fails_after_two(self: Runs, *arguments: Any) -> bytes:
        if len(self.encoded) == 2:
            raise DeadlineNear
        return real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Runs, "_run", fails_after_two)
        with pytest.raises(DeadlineNear):
            made(bench, order(bench), tmp_path)
    kept = [name for name in bench.names(Bucket.WORK) if name.startswith("films/")]
    assert len(kept) == 2
    done, _ = made(bench, order(bench), tmp_path)
    assert scenes(done) == (1, 2)


def moving(bench: Bench, names: list[str], seconds: list[float]) -> tuple[Runs, list[int]]:
    """The runs of a small moving film with fades and burned-in lines, and how large each is."""
    film = timeline(narration_of([click_speech(one, 8000) for one in seconds]))
    options = FilmOptions("fade", "burned", "gentle")
    scenery = Scenery(film, names, lambda n: grey(shade(len(names[n])), SIZE), SIZE, "en")
    runs = Runs(bench.objects, "films/00000000000000000001/runs/", scenery, SIZE, "gentle")
    parts = passages(film, cues(film.sentences), options)
    return runs, [len(run) for _, run in runs.all_of(parts, lambda: None)]


def test_with_motion_and_fades_the_next_scene_shows_the_edited_slide_as_well(bench: Bench) -> None:
    seconds = [0.6, 0.7, 0.8, 0.9]
    assert moving(bench, ["a", "bb", "c", "d"], seconds)[0].encoded == {0, 1, 2, 3}
    assert moving(bench, ["a", "b", "c", "d"], seconds)[0].encoded == {1, 2}
    assert moving(bench, ["a", "b", "c", "d"], seconds)[0].encoded == set()


def test_a_long_move_over_one_slide_is_encoded_once_a_cycle(bench: Bench) -> None:
    film = timeline(narration_of([Spoken(bytes(2 * 8000 * 110), 8000)]))
    scenery = Scenery(film, ["a"], lambda _: grey(90, SIZE), SIZE, "en")
    runs = Runs(bench.objects, "films/00000000000000000001/runs/", scenery, SIZE, "gentle")
    parts = passages(film, (), FilmOptions(motion="gentle"))
    made_of = list(runs.all_of(parts, lambda: None))
    assert [start // RATE_HZ for start, _ in made_of] == [0, 24, 48, 72, 96]
    assert len(bench.names(Bucket.WORK)) == 2
