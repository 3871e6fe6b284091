"""From notes to a film by the real voice stand-in: what is read is what is heard at that time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from functions.stitching.join import present
from functions.stitching.render import make
from functions.text_to_speech.join import gather
from functions.text_to_speech.speak import speak
from shared.adapters.text_to_speech import voice
from shared.entrypoints import bootstrap
from shared.pipeline import Bucket
from shared.recipes.films.deck import Deck
from tests.fixtures.media.films import heard, loudness_of, pictures, told
from tests.fixtures.media.uploads import encoded, quartered
from tests.fixtures.models.tts import StandIn, started
from tests.fixtures.stage_harness import Bench, a_job
from tests.unit.functions.stitching.film.test_deck_film import recorded

pytestmark = pytest.mark.slow

NOTES = (
    "Leaves are small kitchens. They cook with light!",
    "Water comes up from the roots.\nAir comes in through tiny doors.",
    "Thank you for listening.",
)


@pytest.fixture(scope="module")
def speaker() -> Iterator[StandIn]:
    yield from started()


def test_a_narrated_film(
    bench: Bench, speaker: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = voice(speaker.url)
    monkeypatch.setattr(bootstrap, "voice", lambda: connected)
    rows = [{"id": f"s{n}", "heading": f"Part {n}", "notes": one} for n, one in enumerate(NOTES)]
    deck = Deck.from_dict(
        {"title": "Leaves", "language": "en", "theme": "paper", "aspect": "16:9",
         "resolution": "720p", "slides": rows}
    )  # fmt: skip
    specs = tuple({"slide": n, "text": one, "language": "en"} for n, one in enumerate(NOTES))
    spoken = bench.run("text_to_speech", speak, gather, specs, a_job("presentation"))
    job_folder = "slides/00000000000000000001"
    kept = bench.put(
        Bucket.WORK, f"{job_folder}/deck.json", json.dumps(deck.to_dict()).encode(), "a/json"
    )
    drawn = [
        bench.put(
            Bucket.WORK, f"{job_folder}/{n}.png",
            encoded(quartered(1280, 720).rotate(180 * n), "PNG"), "image/png",
        )
        for n in range(3)
    ]  # fmt: skip
    facts = {**recorded(kept, drawn), "text_to_speech": spoken.facts}
    assert spoken.plan is not None
    done = bench.run(
        "stitching", make, present, tuple(spoken.plan["stitching"]),
        a_job("presentation", facts=facts),
    )  # fmt: skip
    path = tmp_path / "film.mp4"
    path.write_bytes(bench.get(done.artefacts[0]))
    subtitles = told(path)
    assert [text for _, _, text in subtitles] == [
        "Leaves are small kitchens.", "They cook with light!", "Water comes up from the roots.",
        "Air comes in through tiny doors.", "Thank you for listening.",
    ]  # fmt: skip
    sound, rate = heard(path)
    level = np.abs(sound[0])
    shown = np.zeros(len(level), bool)
    for start, end, _ in subtitles:
        shown[round(start * rate) : round(end * rate)] = True
        assert level[round(start * rate) : round(end * rate)].max() > 0.3
    # 20 ms for what the encoder spreads: nothing is heard while no subtitle stands.
    margin = round(0.02 * rate)
    quiet = ~np.convolve(shown, np.ones(2 * margin), mode="same").astype(bool)
    assert quiet.mean() > 0.1
    assert level[quiet].max() < 0.01
    assert loudness_of(path)[0] == pytest.approx(-16, abs=1)
    keys = [float(time) for time, _, key in pictures(path) if key]
    assert len(keys) == 3
    assert keys[1] == pytest.approx(subtitles[2][0] - 0.35, abs=0.002)
    assert keys[2] == pytest.approx(subtitles[4][0] - 0.35, abs=0.002)
