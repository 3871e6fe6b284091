"""Jobs of `presentation` whose deck and speech are done, for tests of films."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from functions.stitching.film.motion import Box
from shared.jobs.model import Job
from shared.pipeline import Bucket
from shared.recipes.films.deck import Deck
from shared.recipes.films.narration import Narration, SlideSpeech, SpokenSentence
from shared.recipes.films.speech import SpeechAudio
from shared.recipes.films.wav import to_wav
from shared.recipes.results import DeckResult, NarrationResult, SlideImage
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import SoundInfo, Upload, Uploads
from tests.fixtures.media.films import make_click_speech
from tests.fixtures.media.uploads import draw_quarters, encode_picture
from tests.fixtures.stage_harness import StageHarness, make_job

SPECS: tuple[dict[str, Any], ...] = ({"film": "deck"},)
SPEECHES = tuple(make_click_speech(seconds, 24000) for seconds in (2.0, 3.5, 1.25))


def make_deck(slides: int) -> Deck:
    """Returns a square deck in German."""
    return Deck.from_dict(
        {
            "title": "Blätter",
            "language": "de",
            "theme": "paper",
            "aspect": "1:1",
            "resolution": "720p",
            "slides": [
                {"id": f"s{n}", "heading": f"Kapitel {n}", "notes": f"Satz {n}."}
                for n in range(slides)
            ],
        }
    )


def make_slide_pictures(count: int, size: tuple[int, int] = (720, 720)) -> list[bytes]:
    """Returns pictures that differ from their neighbours."""
    return [encode_picture(draw_quarters(*size).rotate(90 * n), "PNG") for n in range(count)]


def make_deck_facts(
    deck: StoredObject,
    slides: Sequence[StoredObject],
    narration: StoredObject | None = None,
    box: Box | None = None,
) -> dict[str, Any]:
    """Returns the facts of a job with a drawn deck, and with the narration if there is one. `box`
    is that of the picture on each slide."""
    images = tuple(SlideImage(slide, 1280, 720, "", box) for slide in slides)
    result = DeckResult(1, 0, 0, len(images), 0, deck, images)
    facts = {DeckResult.STAGE: result.to_dict()}
    if narration is not None:
        facts[NarrationResult.STAGE] = NarrationResult(narration, 1.0, 0, 1, 1).to_dict()
    return facts


def make_presentation_job(
    harness: StageHarness,
    *,
    pictures: Sequence[bytes] | None = None,
    music: bytes = b"",
    speeches: Sequence[SpeechAudio] = SPEECHES,
    options: Mapping[str, str] | None = None,
    box: Box | None = None,
) -> Job:
    """Returns a job with a drawn and narrated deck. Its objects are named by their content."""
    job = make_job("presentation")

    def store(folder: str, suffix: str, data: bytes, media_type: str) -> StoredObject:
        name = f"{folder}/{job.id}/{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
        return harness.put_object(Bucket.WORK, name, data, media_type)

    deck_json = json.dumps(make_deck(len(speeches)).to_dict())
    deck = store("slides", "json", deck_json.encode(), "application/json")
    pictures = make_slide_pictures(len(speeches)) if pictures is None else pictures
    slides = [store("slides", "png", picture, "image/png") for picture in pictures]
    slide_speeches = []
    for n, speech in enumerate(speeches):
        stored = store("narration", "wav", to_wav(speech), "audio/wav")
        sentence = SpokenSentence(f"Satz {n}.", 0, speech.samples)
        slide_speeches.append(
            SlideSpeech(
                stored.name,
                stored.generation,
                stored.size_bytes,
                speech.rate_hz,
                speech.samples,
                (sentence,),
            )
        )
    narration_json = Narration(tuple(slide_speeches)).to_json()
    narration = store("narration", "json", narration_json, "application/json")
    facts = make_deck_facts(deck, slides, narration, box)
    if music:
        stored = harness.put_object(Bucket.UPLOADS, f"jobs/{job.id}/music.0", music, "audio/mpeg")
        info = SoundInfo("mp3", 44_100, 2, None)
        facts[Uploads.STAGE] = Uploads({"music": Upload(stored, "a.mp3", info)}).to_dict()
    return make_job("presentation", options=dict(options or {}), facts=facts)
