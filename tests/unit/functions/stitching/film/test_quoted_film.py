"""The film of a recap with a transcript: its clips and its subtitles."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.stitching.film.encoding import Planes
from functions.stitching.footage.clips import Clips
from functions.stitching.footage.shots import Shot
from functions.stitching.render import render_film
from shared.recipes.captions.transcript import Segment, Transcript, Word
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.media.emotions import make_moment
from tests.fixtures.media.films import decode_sound, read_subtitles
from tests.fixtures.media.recaps import make_recap_job
from tests.fixtures.media.tone_words import WORD_S, regular_words, render_words, write_media
from tests.fixtures.stage_harness import StageHarness
from tests.unit.functions.stitching.film.deck_jobs import SPECS
from tests.unit.functions.stitching.film.test_deck_film import run_stitching
from tests.unit.functions.stitching.film.test_recap_film import make_voice

pytestmark = pytest.mark.slow
VIDEO_S = 30
WORDS = regular_words(48, gap_s=0.05)
"""Sentences of eight words: 2.75 s, and 0.75 s between them."""
SENTENCES = [WORDS[n : n + 8] for n in range(0, 48, 8)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recap") / "talk.mp4"
    path.write_bytes(
        write_media(render_words(WORDS, VIDEO_S), 16_000, "mp4", "aac", video_s=VIDEO_S)
    )
    return path


def make_transcript() -> Transcript:
    segments = []
    for words in SENTENCES:
        spoken = tuple(
            Word(word.text, word.start_s, round(word.start_s + WORD_S, 3)) for word in words
        )
        text = " ".join(word.text for word in spoken)
        segments.append(Segment(text, spoken[0].start_s, spoken[-1].end_s, "en", spoken))
    return Transcript("en", "test", tuple(segments))


def make_quoted_job(harness: StageHarness, video: Path, **options: Any) -> Any:
    # At the third sentence, and at the fifth.
    moments = [make_moment(8.2, "happy", 0.9), make_moment(15.5, "sad", 0.7)]
    chosen = {"length": 15, "transcript": True, **options}
    return make_recap_job(
        harness, video, moments, [make_voice(1.0)] * 4, options=chosen, transcript=make_transcript()
    )


def is_within_a_word(time: Fraction) -> bool:
    return any(
        Fraction(str(word.start_s)) < time < Fraction(str(word.start_s)) + Fraction("0.3")
        for word in WORDS
    )


def test_clips_are_cut_between_words_and_quoted(
    harness: StageHarness,
    video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shots: list[Shot] = []
    read = Clips.read

    def read_and_record(clips: Clips, scene: int) -> Iterator[tuple[int, Planes]]:
        shots.extend(clips._shots[scene])
        return read(clips, scene)

    monkeypatch.setattr(Clips, "read", read_and_record)
    job = make_quoted_job(harness, video)
    files = run_stitching(harness, job, tmp_path)
    assert len(shots) == 4
    for shot in shots:
        assert not is_within_a_word(shot.begin)
        assert not is_within_a_word(shot.begin + shot.length_s)
    cues = read_subtitles(files["film.mp4"])
    texts = [" ".join(text.split()) for _, _, text in cues]
    quoted = {" ".join(word.text for word in words) for words in (SENTENCES[2], SENTENCES[4])}
    assert quoted <= {text.strip("“”") for text in texts}
    spoken = [text for text in texts if not text.startswith("“")]
    assert spoken == ["Opening.", "Moment 1.", "Moment 2.", "Closing."]
    # Each quote stands where its words are heard: the sound is loud from its start on.
    samples, rate = decode_sound(files["film.mp4"])
    for start, _, text in cues:
        if text.startswith("“"):
            at = round(float(start) * rate)
            before, word = (
                samples[0, at - rate // 25 : at - 480],
                samples[0, at + 1920 : at + rate // 4],
            )
            assert np.abs(word).max() > 3 * np.abs(before).max(), text
    assert "“" in files["subtitles.srt"].read_text()


def test_film_in_which_the_video_is_not_heard_quotes_nothing_and_says_so(
    harness: StageHarness, video: Path
) -> None:
    job = make_quoted_job(harness, video, footage="stills")
    film = render_film(
        harness.make_context(
            "stitching", "0", harness.make_stage("stitching", SPECS), job, MemoryJobStore()
        )
    )
    assert film.warnings == ("The film quotes nothing: the sound of the video is not heard in it.",)
