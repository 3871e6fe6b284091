"""Voices and languages of new films, checked with the voices of the Text-to-Speech emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from functions.api.jobs.voices import check_voice, find_problems
from shared.adapters.text_to_speech import fetch_voices
from shared.entrypoints import bootstrap
from shared.runtime.logs import log
from shared.runtime.service_lists import VoiceList
from shared.runtime.services import SystemClock
from tests.fixtures.models.tts import TtsEmulator, run_tts_emulator
from tests.unit.functions.api.jobs.rejected_jobs import VIDEO, post_rejected

PROMPT = {"filename": "prompt.txt", "content_type": "text/plain", "size_bytes": 9}


@pytest.fixture(scope="module")
def emulator() -> Iterator[TtsEmulator]:
    yield from run_tts_emulator()


@pytest.fixture(autouse=True)
def voices(emulator: TtsEmulator, monkeypatch: pytest.MonkeyPatch) -> VoiceList:
    voices = VoiceList(lambda: fetch_voices(emulator.url), SystemClock(), log)
    monkeypatch.setattr(bootstrap, "voices", lambda: voices)
    return voices


@pytest.mark.parametrize(
    ("options", "errors"),
    [
        (
            {"voice": "en-US-Nobody"},
            {"options.voice": "There is no voice en-US-Nobody; voices are "},
        ),
        (
            {"voice": "de-DE-Standard-A", "language": "en"},
            {"options.voice": "The voice de-DE-Standard-A speaks de-DE, not en; "},
        ),
        ({"language": "ja"}, {"options.language": "No voice speaks ja; there are voices for "}),
        ({"language": "ja-JP"}, {"options.language": "No voice speaks ja-JP; "}),
        ({"language": "hak"}, {"options.language": "No voice speaks hak; "}),
        (
            {"language": "tlh", "voice": "tlh-QO-Standard-A"},
            {
                "options.language": "No voice speaks tlh; ",
                "options.voice": "There is no voice tlh-",
            },
        ),
    ],
)
@pytest.mark.parametrize("recipe", ["presentation", "recap"])
def test_film_that_no_voice_can_speak_is_rejected(
    recipe: str, options: dict[str, Any], errors: dict[str, str]
) -> None:
    body: dict[str, Any] = {"recipe": recipe, "options": options, "inputs": {"prompt": PROMPT}}
    if recipe == "recap":
        body["options"] = {**options, "consent": True, "purpose": "research"}
        body["inputs"] = {"video": VIDEO}
    status, problem = post_rejected(body)
    assert (status, problem["code"]) == (422, "invalid-option")
    messages = {error["field"]: error["message"] for error in problem["errors"]}
    assert messages.keys() == errors.keys()
    assert all(messages[field].startswith(start) for field, start in errors.items())
    assert "127.0.0.1" not in str(problem)


def test_voice_that_does_not_exist_is_reported_with_other_invalid_options() -> None:
    options = {"voice": "en-US-Nobody", "language": "ja", "slides": 99, "fps": 1}
    body = {"recipe": "presentation", "options": options, "inputs": {"prompt": PROMPT}}
    status, problem = post_rejected(body)
    assert (status, problem["code"]) == (422, "invalid-option")
    fields = sorted(error["field"] for error in problem["errors"])
    assert fields == ["options.fps", "options.language", "options.slides", "options.voice"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"language": "zh", "voice": "cmn-CN-Standard-A"},
        {"language": "zh-HK"},
        {"language": "no", "voice": "nb-NO-Standard-C"},
        {"voice": "en-GB-Standard-A"},
    ],
)
def test_voices_that_exist_are_accepted(options: dict[str, Any]) -> None:
    check_voice(options)


def test_voice_is_checked_with_the_language_of_a_deck() -> None:
    ((option, text),) = find_problems({"voice": "en-US-Standard-A", "language": "en"}, "de")
    assert option == "voice"
    assert text.startswith("The voice en-US-Standard-A speaks en-US, not de; voices for de are ")


def test_nothing_is_checked_while_the_service_does_not_list_its_voices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    voices = VoiceList(lambda: fetch_voices("http://127.0.0.1:9"), SystemClock(), log)
    monkeypatch.setattr(bootstrap, "voices", lambda: voices)
    check_voice({"voice": "en-US-Nobody", "language": "ja"})
