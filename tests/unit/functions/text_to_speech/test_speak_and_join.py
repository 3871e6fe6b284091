"""Slides become speech: measured, cached, joined, and never paid for twice."""

from __future__ import annotations

import array
import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import pytest

from functions.text_to_speech.concatenate import (
    PARAGRAPH_PAUSE_S,
    SENTENCE_PAUSE_S,
    concatenate_speech,
    trim_silence,
)
from functions.text_to_speech.join import join_narration
from functions.text_to_speech.sentences import Sentence
from functions.text_to_speech.speak import speak_slide
from shared.adapters.text_to_speech import create_speech_synthesizer
from shared.entrypoints import bootstrap
from shared.errors import InvalidOption, VoiceOverloaded, VoiceRefused, VoiceUnavailable
from shared.jobs.claims import UnitDone
from shared.pipeline import Bucket
from shared.recipes.films.narration import Narration
from shared.recipes.films.speech import SpeechAudio
from shared.recipes.films.wav import from_wav
from tests.fixtures.gcs.server import GcsEmulator as Storage
from tests.fixtures.models.tts import TtsEmulator
from tests.fixtures.stage_harness import StageHarness, make_job

RATE = 22050


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    made = Storage(tmp_path_factory.mktemp("gcs")).start()
    yield made
    made.close()


@pytest.fixture
def harness(gcs: Storage, tts: TtsEmulator, monkeypatch: pytest.MonkeyPatch) -> StageHarness:
    speaker = create_speech_synthesizer(tts.url)
    monkeypatch.setattr(bootstrap, "voice", lambda: speaker)
    return StageHarness.create(gcs)


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
    told = done.facts["narration"]
    read = harness.objects.range_reader(Bucket.WORK, told["name"], told["generation"])
    return done, Narration.from_json(read(0, told["size_bytes"]))


def test_every_sentence_is_measured(harness: StageHarness) -> None:
    done, narration = narrate(
        harness,
        spec(0, "Plants make food. They use light.\nThat is all."),
        spec(1, ""),
        spec(2, "Thank you."),
    )
    first, silent, last = narration.slides
    assert [one.text for one in first.sentences] == [
        "Plants make food.", "They use light.", "That is all.",
    ]  # fmt: skip
    starts = [one.start for one in first.sentences]
    ends = [one.end for one in first.sentences]
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
        heard = array.array("h", speech.pcm[2 * sentence.start : 2 * sentence.end])
        assert max(map(abs, heard)) > 8000
    assert done.plan == {"stitching": ({"film": "deck"},)}
    assert done.facts is not None
    assert done.facts["spoken_s"] == round(float(narration.duration), 3)
    assert (done.facts["hits"], done.facts["calls"]) == (0, 4)


def test_the_same_words_are_paid_for_once(harness: StageHarness, tts: TtsEmulator) -> None:
    before = tts.call_count
    first, narration = narrate(harness, spec(0, "One. Two. One."), spec(1, "Two."))
    assert tts.call_count - before == 2
    again, repeated = narrate(harness, spec(0, "One. Two. One."), spec(1, "Two."), number=2)
    assert tts.call_count - before == 2
    assert first.facts is not None
    assert again.facts is not None
    assert (first.facts["hits"], first.facts["calls"], first.facts["characters"]) == (2, 2, 8)
    assert (again.facts["hits"], again.facts["calls"], again.facts["characters"]) == (4, 0, 0)
    assert [one.sentences for one in repeated.slides] == [one.sentences for one in narration.slides]


def test_one_edited_sentence_costs_one_call(harness: StageHarness, tts: TtsEmulator) -> None:
    narrate(harness, spec(0, "Leaves are green. They eat light."), spec(1, "The end."))
    before = tts.call_count
    narrate(harness, spec(0, "Leaves are green. They drink light."), spec(1, "The end."))
    assert tts.call_count - before == 1


def test_another_voice_or_another_owner_is_spoken_anew(
    harness: StageHarness, tts: TtsEmulator
) -> None:
    narrate(harness, spec(0, "Hello."))
    before = tts.call_count
    narrate(harness, spec(0, "Hello.", voice="en-US-Standard-C"))
    narrate(harness, spec(0, "Hello.", speed=1.2))
    narrate(harness, spec(0, "Hello."), owner="../../berta")
    assert tts.call_count - before == 3
    assert not any("berta" in name or "anna" in name for name in harness.list_names(Bucket.WORK))


def test_a_deleted_jobs_speech_goes_with_its_prefix(harness: StageHarness) -> None:
    narrate(harness, spec(0, "Hello. World."))
    assert harness.objects.delete_prefix(Bucket.WORK, f"narration/{1:020d}/") == 2
    assert len(harness.list_names(Bucket.WORK)) == 2


def test_a_repeated_delivery_adopts_what_was_written(harness: StageHarness) -> None:
    _, first = narrate(harness, spec(0, "Hello there."))
    _, second = narrate(harness, spec(0, "Hello there."))
    assert first == second


def test_what_was_spoken_before_a_fault_is_not_spoken_again(
    harness: StageHarness, tts: TtsEmulator
) -> None:
    before = tts.call_count
    tts.add_fault(action={"status": 429}, match={"path_regex": "synthesize", "nth": 3})
    asked = spec(0, "First one. Second one. Third one. Fourth one.")
    with pytest.raises(VoiceOverloaded):
        narrate(harness, asked)
    done, _ = narrate(harness, asked)
    assert tts.call_count - before == 4
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
def test_a_voice_that_cannot_be_fails_the_job(
    harness: StageHarness, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        narrate(harness, spec(0, "Hello.", **changes))


def test_a_voice_that_changes_its_rate_is_not_joined() -> None:
    pieces = [
        (Sentence("a"), SpeechAudio(bytes(20), 22050)),
        (Sentence("b"), SpeechAudio(bytes(20), 24000)),
    ]
    with pytest.raises(VoiceUnavailable):
        concatenate_speech(pieces)


def test_silence_around_a_sentence_is_cut_and_a_moment_kept() -> None:
    silence, sound = [0] * 12000, [3000] * 2400
    spoken = SpeechAudio(array.array("h", silence + sound + silence).tobytes(), 24000)
    assert trim_silence(spoken).samples == 2400 + round(0.03 * 24000) + round(0.08 * 24000)
    nothing = SpeechAudio(bytes(200), 24000)
    assert trim_silence(nothing) == nothing


def test_a_narration_comes_back_equal(harness: StageHarness) -> None:
    _, narration = narrate(harness, spec(0, "Ça va ? 好。"), spec(1, ""))
    assert Narration.from_json(narration.to_json()) == narration
    assert json.loads(narration.to_json())["schema"] == 1
    assert narration.duration == Fraction(narration.slides[0].samples, RATE)
