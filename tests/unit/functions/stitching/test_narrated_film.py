"""From notes to a film with the Text-to-Speech emulator: subtitles match the sound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from functions.stitching.join import copy_results
from functions.stitching.render import render_film
from functions.text_to_speech.join import join_narration
from functions.text_to_speech.speak import speak_slide
from shared.adapters.text_to_speech import create_speech_synthesizer
from shared.entrypoints import bootstrap
from shared.pipeline import Bucket
from shared.recipes.films.deck import Deck
from tests.fixtures.media.films import (
    decode_sound,
    measure_loudness,
    read_frame_luma,
    read_subtitles,
)
from tests.fixtures.media.uploads import draw_quarters, encode_picture
from tests.fixtures.models.tts import TtsEmulator, run_tts_emulator
from tests.fixtures.stage_harness import StageHarness, make_job
from tests.unit.functions.stitching.film.deck_jobs import make_deck_facts

pytestmark = pytest.mark.slow

NOTES = (
    "Leaves are small kitchens. They cook with light!",
    "Water comes up from the roots.\nAir comes in through tiny doors.",
    "Thank you for listening.",
)


@pytest.fixture(scope="module")
def tts() -> Iterator[TtsEmulator]:
    yield from run_tts_emulator()


def test_subtitles_and_slides_match_the_narration(
    harness: StageHarness, tts: TtsEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesizer = create_speech_synthesizer(tts.url)
    monkeypatch.setattr(bootstrap, "voice", lambda: synthesizer)
    rows = [{"id": f"s{n}", "heading": f"Part {n}", "notes": note} for n, note in enumerate(NOTES)]
    deck = Deck.from_dict(
        {"title": "Leaves", "language": "en", "theme": "paper", "aspect": "16:9",
         "resolution": "720p", "slides": rows}
    )  # fmt: skip
    specs = tuple(
        {"slide": n, "text": note, "language": "en", "voice": "en-US-Standard-A"}
        for n, note in enumerate(NOTES)
    )
    narrated = harness.run_stage(
        "text_to_speech", speak_slide, join_narration, specs, make_job("presentation")
    )
    job_folder = "slides/00000000000000000001"
    stored_deck = harness.put_object(
        Bucket.WORK, f"{job_folder}/deck.json", json.dumps(deck.to_dict()).encode(), "a/json"
    )
    slides = [
        harness.put_object(
            Bucket.WORK, f"{job_folder}/{n}.png",
            encode_picture(draw_quarters(1280, 720).rotate(180 * n), "PNG"), "image/png",
        )
        for n in range(3)
    ]  # fmt: skip
    facts = {**make_deck_facts(stored_deck, slides), "text_to_speech": narrated.facts}
    assert narrated.plan is not None
    stitched = harness.run_stage(
        "stitching", render_film, copy_results, tuple(narrated.plan["stitching"]),
        make_job("presentation", facts=facts),
    )  # fmt: skip
    path = tmp_path / "film.mp4"
    path.write_bytes(harness.read_artifact(stitched.artifacts[0]))
    subtitles = read_subtitles(path)
    assert [text for _, _, text in subtitles] == [
        "Leaves are small kitchens.", "They cook with light!", "Water comes up from the roots.",
        "Air comes in through tiny doors.", "Thank you for listening.",
    ]  # fmt: skip
    sound, rate = decode_sound(path)
    level = np.abs(sound[0])
    in_subtitle = np.zeros(len(level), bool)
    for start, end, _ in subtitles:
        in_subtitle[round(start * rate) : round(end * rate)] = True
        assert level[round(start * rate) : round(end * rate)].max() > 0.3
    # The encoder spreads sound by up to 20 ms. Without a subtitle there is silence.
    margin = round(0.02 * rate)
    quiet = ~np.convolve(in_subtitle, np.ones(2 * margin), mode="same").astype(bool)
    assert quiet.mean() > 0.1
    assert level[quiet].max() < 0.01
    assert measure_loudness(path)[0] == pytest.approx(-16, abs=1)
    keys = [float(time) for time, _, key in read_frame_luma(path) if key]
    assert len(keys) == 3
    assert keys[1] == pytest.approx(subtitles[2][0] - 0.35, abs=0.002)
    assert keys[2] == pytest.approx(subtitles[4][0] - 0.35, abs=0.002)
