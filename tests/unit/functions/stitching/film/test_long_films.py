"""Long films: the limit of two hours, times without drift, memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from functions.stitching.film.timeline import LEAD_SAMPLES, RATE_HZ, FilmTooLong, build_timeline
from shared.recipes.films.narration import Narration, SlideSpeech
from tests.fixtures.media.films import decode_sound, find_onsets, make_click_speech, make_narration
from tests.unit.functions.stitching.film.picture_changes import find_changes

pytestmark = pytest.mark.slow
MAX_ERROR_S = 0.005


def test_more_than_two_hours_are_rejected_before_encoding() -> None:
    hour = SlideSpeech("s", 1, 1, 24000, 24000 * 3600)
    with pytest.raises(FilmTooLong, match="180 minutes"):
        build_timeline(Narration((hour,) * 3))


def test_times_do_not_drift_with_many_slides() -> None:
    speeches = [make_click_speech(1 + n / 7, 22050) for n in range(40)]
    film = build_timeline(make_narration(speeches))
    spoken = sum(speech.samples for speech in speeches) / 22050
    pauses = 40 * (0.35 + 0.65)
    assert film.end / RATE_HZ == pytest.approx(spoken + pauses, abs=40 / RATE_HZ)


_WRITE_ONE_HOUR = """
import resource, sys
from pathlib import Path
from tests.fixtures.media.films import make_click_speech, write_film
speech = make_click_speech(119, 24000)
write_film(Path(sys.argv[1]), [speech] * 30, size=(1280, 720))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.sweep
def test_one_hour_does_not_drift_and_needs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    process = subprocess.run(
        [sys.executable, "-c", _WRITE_ONE_HOUR, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(process.stdout) < 300
    changes = find_changes(path)
    clicks = find_onsets(*decode_sound(path))
    assert len(changes) == len(clicks) == 30
    assert changes[-1] == pytest.approx(29 * 120, abs=0.001)
    errors = [
        click - LEAD_SAMPLES / RATE_HZ - change
        for click, change in zip(clicks, changes, strict=True)
    ]
    assert max(map(abs, errors)) <= MAX_ERROR_S
