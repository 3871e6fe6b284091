"""The voices of the Text-to-Speech emulator: their files, the default of a language, requests."""

from __future__ import annotations

import array
import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.emotion_scoring.models.download import sha256_of
from functions.emotion_scoring.models.manifest import PublicFile
from infra.local.emulators.google_service import InvalidRequest
from infra.local.emulators.tts.audio import play_faster, resample
from infra.local.emulators.tts.neural_voices import NEURAL_VOICES, NeuralVoice
from infra.local.emulators.tts.speech_request import parse_request
from infra.local.emulators.tts.voices import Catalogue
from shared.recipes.films.speech import SpeechAudio, SpeechSettings

MODEL, CONFIG = b"weights", b"{}"
VOICE = NeuralVoice(
    "en-US-Neural-Test", "en-US", "MALE", "CC0-1.0", "",
    (
        PublicFile("https://publisher.example/a.onnx", sha256_of(MODEL), 100),
        PublicFile("https://publisher.example/a.onnx.json", sha256_of(CONFIG), 100),
    ),
)  # fmt: skip
FILES = (Path("a.onnx"), Path("a.onnx.json"))
CATALOGUE = Catalogue({"en-us": "gmw/en-US", "de": "gmw/de"}, {VOICE: FILES})


def test_neural_voices_have_names_that_requests_accept() -> None:
    for voice in NEURAL_VOICES:
        options = {"language": voice.language, "voice": voice.name}
        assert SpeechSettings.parse(options).voice == voice.name
        assert voice.name.startswith(f"{voice.language}-")


def _request(voice: dict[str, Any], **fields: Any) -> dict[str, Any]:
    content = fields or {"text": "Hello."}
    return {"input": content, "voice": voice, "audioConfig": {"audioEncoding": "LINEAR16"}}


@pytest.mark.parametrize(
    ("voice", "name"),
    [
        ({"languageCode": "en-US"}, "en-US-Neural-Test"),
        ({"languageCode": "en"}, "en-US-Neural-Test"),
        ({"languageCode": "en-US", "ssmlGender": "FEMALE"}, "en-US-Standard-C"),
        ({"languageCode": "en-US", "name": "en-US-Standard-A"}, "en-US-Standard-A"),
        ({"languageCode": "de"}, "de-DE-Standard-A"),
    ],
)
def test_neural_voice_is_the_default_of_its_language(voice: dict[str, Any], name: str) -> None:
    assert parse_request(_request(voice), CATALOGUE).voice.name == name


def test_neural_voice_refuses_markup() -> None:
    with pytest.raises(InvalidRequest, match="SSML"):
        parse_request(_request({"languageCode": "en-US"}, ssml="<speak>Hi</speak>"), CATALOGUE)
    markup = parse_request(_request({"languageCode": "de"}, ssml="<speak>Hi</speak>"), CATALOGUE)
    assert markup.ssml


def _tone(frequency_hz: float, rate_hz: int, duration_s: float) -> SpeechAudio:
    samples = (
        round(9000 * math.sin(2 * math.pi * frequency_hz * number / rate_hz))
        for number in range(int(rate_hz * duration_s))
    )
    return SpeechAudio(array.array("h", samples).tobytes(), rate_hz)


def _count_periods(audio: SpeechAudio) -> int:
    samples = array.array("h", audio.pcm)
    return sum(before < 0 <= after for before, after in itertools.pairwise(samples))


def test_resampling_keeps_duration_and_pitch() -> None:
    tone = _tone(200, 22050, 0.5)
    result = resample(tone, 16000)
    assert result.rate_hz == 16000
    assert result.samples == 8000
    assert abs(_count_periods(result) - 100) <= 1
    assert resample(SpeechAudio(b"", 22050), 16000) == SpeechAudio(b"", 16000)


def test_playing_faster_raises_the_pitch_by_the_same_factor() -> None:
    result = play_faster(_tone(200, 22050, 0.5), 2.0)
    assert result.rate_hz == 22050
    assert abs(result.samples - 22050 // 4) <= 1
    assert abs(_count_periods(result) - 100) <= 1


def test_a_voice_without_a_wheel_needs_only_a_row() -> None:
    other = replace(VOICE, name="de-DE-Neural-Test", language="de-DE")
    catalogue = Catalogue({"de": "gmw/de"}, {other: FILES})
    assert catalogue.find_voice("de", "").name == "de-DE-Neural-Test"
