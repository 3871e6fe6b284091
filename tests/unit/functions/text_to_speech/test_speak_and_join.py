"""Tests of text_to_speech: timing of sentences, the speech cache, and the narration."""

from __future__ import annotations

import array
import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from functions.text_to_speech import slide_cache, speak
from functions.text_to_speech.concatenate import (
    PARAGRAPH_PAUSE_S,
    SENTENCE_PAUSE_S,
)
from functions.text_to_speech.join import join_narration
from functions.text_to_speech.speak import speak_slide
from shared.adapters.text_to_speech import fetch_voices
from shared.errors import InvalidOption
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import Bucket
from shared.ports.models import VoiceOverloaded, VoiceRefused
from shared.privacy.data_requests import owner_hash
from shared.recipes.films.narration import Narration
from shared.recipes.films.voices import Voice
from shared.recipes.films.wav import from_wav
from shared.recipes.results import NarrationResult
from tests.fixtures.call_counts import CallCounts
from tests.fixtures.models.tts import TtsEmulator
from tests.fixtures.models.voices import use_voices
from tests.fixtures.stage_harness import StageHarness, make_job

RATE = 22050


@pytest.fixture
def harness(speaking_harness: StageHarness) -> StageHarness:
    return speaking_harness


def spec(slide: int, text: str, **changes: Any) -> dict[str, Any]:
    return {
        "slide": slide, "text": text, "language": "en", "voice": "", "speed": 1.0, "pitch": 0.0,
        **changes,
    }  # fmt: skip


def narrate(
    harness: StageHarness, *specs: Mapping[str, Any], **job: Any
) -> tuple[UnitDone, Narration]:
    done = harness.run_stage(
        "text_to_speech", speak_slide, join_narration, specs, make_job("presentation", **job)
    )
    assert done.facts is not None
    stored = done.facts["narration"]
    read = harness.objects.range_reader(Bucket.WORK, stored["name"], stored["generation"])
    return done, Narration.from_json(read(0, stored["size_bytes"]))


def test_sentences_are_timed(harness: StageHarness) -> None:
    done, narration = narrate(
        harness,
        spec(0, "Plants make food. They use light.\nThat is all."),
        spec(1, ""),
        spec(2, "Thank you."),
    )
    first, silent, last = narration.slides
    assert [sentence.text for sentence in first.sentences] == [
        "Plants make food.", "They use light.", "That is all.",
    ]  # fmt: skip
    starts = [sentence.start for sentence in first.sentences]
    ends = [sentence.end for sentence in first.sentences]
    assert starts[0] == 0
    assert starts[1] - ends[0] == round(SENTENCE_PAUSE_S * RATE)
    assert starts[2] - ends[1] == round(PARAGRAPH_PAUSE_S * RATE)
    assert ends[-1] == first.samples
    assert (silent.samples, silent.object, silent.sentences) == (0, "", ())
    assert len(last.sentences) == 1
    read = harness.objects.range_reader(Bucket.WORK, first.object, first.generation)
    speech = from_wav(read(0, first.size_bytes))
    assert (speech.samples, speech.rate_hz) == (first.samples, RATE)
    for sentence in first.sentences:
        samples = array.array("h", speech.pcm[2 * sentence.start : 2 * sentence.end])
        assert max(map(abs, samples)) > 8000
    assert done.plan == {"stitching": ({"film": "deck"},)}
    assert done.facts is not None
    assert done.facts["spoken_s"] == round(float(narration.duration), 3)
    assert (done.facts["hits"], done.facts["calls"]) == (0, 4)


def test_repeated_sentences_are_synthesized_once(harness: StageHarness, tts: TtsEmulator) -> None:
    calls_before = tts.call_count
    first, narration = narrate(harness, spec(0, "One. Two. One."), spec(1, "Two."))
    assert tts.call_count - calls_before == 2
    second, repeated = narrate(harness, spec(0, "One. Two. One."), spec(1, "Two."), number=2)
    assert tts.call_count - calls_before == 2
    assert first.facts is not None
    assert second.facts is not None
    assert (first.facts["hits"], first.facts["calls"], first.facts["characters"]) == (2, 2, 8)
    assert (second.facts["hits"], second.facts["calls"], second.facts["characters"]) == (4, 0, 0)
    assert [slide.sentences for slide in repeated.slides] == [
        slide.sentences for slide in narration.slides
    ]


def test_one_edited_sentence_costs_one_call(harness: StageHarness, tts: TtsEmulator) -> None:
    narrate(harness, spec(0, "Leaves are green. They eat light."), spec(1, "The end."))
    calls_before = tts.call_count
    narrate(harness, spec(0, "Leaves are green. They drink light."), spec(1, "The end."))
    assert tts.call_count - calls_before == 1


def test_cache_is_per_voice_and_owner(harness: StageHarness, tts: TtsEmulator) -> None:
    narrate(harness, spec(0, "Hello."))
    calls_before = tts.call_count
    narrate(harness, spec(0, "Hello.", voice="en-US-Standard-C"))
    narrate(harness, spec(0, "Hello.", speed=1.2))
    narrate(harness, spec(0, "Hello."), owner="../../berta")
    assert tts.call_count - calls_before == 3
    assert not any("berta" in name or "anna" in name for name in harness.list_names(Bucket.WORK))


def voice_of(done: UnitDone) -> str:
    assert done.facts is not None
    return str(done.facts["voice"])


def test_voice_that_speaks_is_stated_and_kept(
    harness: StageHarness, tts: TtsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A voice that is installed later speaks in later jobs, with speech of its own."""
    installed, listed = Voice("en-US-Neural-Ann", ("en-US",)), fetch_voices(tts.url)
    first, _ = narrate(harness, spec(0, ""), spec(1, "Hello."))
    assert voice_of(first) == "en-US-Standard-A"
    use_voices(monkeypatch, (installed, *listed))
    edited, _ = narrate(harness, spec(0, ""), spec(1, "Hello."), spec(2, "Bye."))
    assert voice_of(edited) == "en-US-Standard-A"
    chosen, _ = narrate(harness, spec(0, "Hello.", voice="en-US-Standard-C"))
    assert voice_of(chosen) == "en-US-Standard-C"
    translated, _ = narrate(harness, spec(0, "Hallo.", language="de"))
    assert voice_of(translated) == "de-DE-Standard-A"
    # The emulator does not have it: the speech of the other voice was not reused.
    with pytest.raises(VoiceRefused, match="en-US-Neural-Ann"):
        narrate(harness, spec(0, "Hello."), number=2)


def test_voice_that_was_removed_is_replaced(
    harness: StageHarness, tts: TtsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrate(harness, spec(0, "Hello."))
    use_voices(monkeypatch, tuple(v for v in fetch_voices(tts.url) if v.gender == "FEMALE"))
    done, _ = narrate(harness, spec(0, "Hello."))
    assert voice_of(done) == "en-US-Standard-C"


def test_voice_is_kept_while_voices_are_not_listed(
    harness: StageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrate(harness, spec(0, "Hello."))
    use_voices(monkeypatch, VoiceOverloaded("no"))
    done, _ = narrate(harness, spec(0, "Hello. And more."))
    assert voice_of(done) == "en-US-Standard-A"
    with pytest.raises(VoiceOverloaded):
        narrate(harness, spec(0, "Hello."), number=2)


def test_silent_film_has_no_voice(harness: StageHarness) -> None:
    done, _ = narrate(harness, spec(0, ""))
    assert done.facts is not None
    assert "voice" not in done.facts
    # As in results of earlier versions.
    assert NarrationResult.from_dict(done.facts).voice is None


def test_deleting_a_jobs_prefix_deletes_its_speech(harness: StageHarness) -> None:
    narrate(harness, spec(0, "Hello. World."))
    assert harness.objects.delete_prefix(Bucket.WORK, f"narration/{1:020d}/") == 3
    names = harness.list_names(Bucket.WORK)
    # Kept for other jobs: the sentences, and the speech of the slide.
    assert [name.rpartition("/")[0] for name in names] == [
        f"cache/narration/{owner_hash('anna')}",
        f"narration/{owner_hash('anna')}", f"narration/{owner_hash('anna')}",
    ]  # fmt: skip


def test_repeated_delivery_adopts_existing_objects(harness: StageHarness) -> None:
    _, first = narrate(harness, spec(0, "Hello there. I am here."))
    _, second = narrate(harness, spec(0, "Hello there. I am here."))
    # The speech was cached meanwhile: the object is a copy.
    (spoken,), (copied,) = first.slides, second.slides
    assert copied == replace(spoken, object=copied.object, generation=copied.generation)
    _, third = narrate(harness, spec(0, "Hello there. I am here."))
    assert third == second


def test_speech_whose_times_exceed_the_metadata_is_joined_again(
    harness: StageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slide_cache, "MAX_TIMES_BYTES", 100)
    calls = CallCounts(monkeypatch)
    calls.watch(speak, "concatenate_speech")
    _, first = narrate(harness, spec(0, "One. Two."))
    _, second = narrate(harness, spec(0, "One. Two."), number=2)
    assert calls.take() == {"concatenate_speech": 2}
    assert second.slides[0].content == first.slides[0].content


def test_sentences_before_an_error_are_not_synthesized_again(
    harness: StageHarness, tts: TtsEmulator
) -> None:
    calls_before = tts.call_count
    tts.add_fault(action={"status": 429}, match={"path_regex": "synthesize", "nth": 3})
    slide = spec(0, "First one. Second one. Third one. Fourth one.")
    with pytest.raises(VoiceOverloaded):
        narrate(harness, slide)
    done, _ = narrate(harness, slide)
    assert tts.call_count - calls_before == 4
    assert done.facts is not None
    assert (done.facts["hits"], done.facts["calls"]) == (2, 2)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"voice": "en-US-Nobody-Z"}, VoiceRefused),
        ({"voice": "../etc/passwd"}, InvalidOption),
        ({"speed": 40}, InvalidOption),
    ],
)
def test_invalid_voice_fails_the_job(
    harness: StageHarness, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        narrate(harness, spec(0, "Hello.", **changes))


def test_narration_json_round_trip(harness: StageHarness) -> None:
    _, narration = narrate(harness, spec(0, "Ça va ? 好。"), spec(1, ""))
    assert Narration.from_json(narration.to_json()) == narration
    assert json.loads(narration.to_json())["schema"] == 1
    assert narration.duration == Fraction(narration.slides[0].samples, RATE)
