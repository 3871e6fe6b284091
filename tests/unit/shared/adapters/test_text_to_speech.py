"""The Text-to-Speech adapter with the emulator: speech, errors and their classes."""

from __future__ import annotations

import array
import base64
import struct
import urllib.error
from typing import Any

import pytest

from shared.adapters.text_to_speech import create_speech_synthesizer, fetch_voices
from shared.ports.models import SpeechSynthesizer, VoiceOverloaded, VoiceRefused, VoiceUnavailable
from shared.recipes.films.speech import SpeechAudio, SpeechSettings
from shared.recipes.films.voices import language_code
from shared.recipes.films.wav import from_wav
from tests.fixtures.models.tts import TtsEmulator

ENGLISH = SpeechSettings("en-US")


def peak_amplitude(audio: SpeechAudio) -> int:
    return max(map(abs, array.array("h", audio.pcm)))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Plants make food from light."),
        ("en-GB", "Plants make food from light."),
        ("de", "Pflanzen machen Nahrung aus Licht."),
        ("pt-BR", "As plantas fazem comida da luz."),
        ("el", "Τα φυτά φτιάχνουν τροφή από το φως."),
        ("ru", "Растения делают пищу из света."),
        ("ar", "النباتات تصنع الغذاء من الضوء."),
        ("he", "צמחים מייצרים מזון מאור."),
        ("zh", "植物用光制造食物。"),
        ("zh-Hant-HK", "植物用光製造食物。"),
        ("ko", "식물은 빛으로 음식을 만든다."),
        ("hi", "पौधे प्रकाश से भोजन बनाते हैं।"),
        ("nn", "Planter lagar mat av lys."),
    ],
)
def test_every_script_is_spoken(synthesizer: SpeechSynthesizer, language: str, text: str) -> None:
    audio = synthesizer.synthesize(text, SpeechSettings(language))
    assert audio.rate_hz == 22050
    assert 0.8 < audio.samples / audio.rate_hz < 12
    assert peak_amplitude(audio) > 8000


def test_speed_and_pitch_change_the_sound(synthesizer: SpeechSynthesizer) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    plain = synthesizer.synthesize(text, ENGLISH)
    fast = synthesizer.synthesize(text, SpeechSettings("en-US", speed=1.5))
    high = synthesizer.synthesize(text, SpeechSettings("en-US", pitch=6))
    assert 0.6 < fast.samples / plain.samples < 0.75
    assert high.pcm != plain.pcm


def test_voice_is_selected_by_name(synthesizer: SpeechSynthesizer, tts: TtsEmulator) -> None:
    voices = tts.request("GET", "/v1/voices?languageCode=de")["voices"]
    assert [voice["name"] for voice in voices] == ["de-DE-Standard-A", "de-DE-Standard-C"]
    audio = [
        synthesizer.synthesize("Hallo.", SpeechSettings("de", voice=voice["name"]))
        for voice in voices
    ]
    assert audio[0].pcm != audio[1].pcm


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            SpeechSettings("en-US", voice="en-US-Nobody-Z"),
            r"^The voice en-US-Nobody-Z does not exist or cannot speak this in en-US; choose "
            r"another voice or language\.$",
        ),
        (
            SpeechSettings("xx"),
            r"^There is no voice that can speak this in xx; choose another language\.$",
        ),
    ],
)
def test_unknown_voice_is_a_permanent_error(
    synthesizer: SpeechSynthesizer, settings: SpeechSettings, message: str
) -> None:
    with pytest.raises(VoiceRefused, match=message):
        synthesizer.synthesize("Hello.", settings)


def test_text_is_limited_to_5000_bytes(synthesizer: SpeechSynthesizer) -> None:
    text_of_5000_bytes = "é " * 1666 + "a" * 2
    assert len(text_of_5000_bytes.encode()) == 5000
    assert synthesizer.synthesize(text_of_5000_bytes, SpeechSettings("fr", speed=2.0)).samples > 0
    with pytest.raises(VoiceRefused, match="5000 bytes"):
        synthesizer.synthesize(text_of_5000_bytes + "a", SpeechSettings("fr"))


def test_exhausted_quota_counts_as_overloaded(
    synthesizer: SpeechSynthesizer, tts: TtsEmulator
) -> None:
    tts.add_fault(action={"status": 429, "retry_after_s": 1}, count=1)
    with pytest.raises(VoiceOverloaded) as caught:
        synthesizer.synthesize("Hello.", ENGLISH)
    assert caught.value.retry_after_s == 1
    assert synthesizer.synthesize("Hello.", ENGLISH).samples > 0


@pytest.mark.parametrize("action", [
    {"status": 500}, {"status": 503}, {"status": 504}, {"lose_response": True},
    {"cut_after_bytes": 50},
])  # fmt: skip
def test_outage_of_the_service_counts_as_overloaded(
    synthesizer: SpeechSynthesizer, tts: TtsEmulator, action: dict[str, Any]
) -> None:
    tts.add_fault(action=action, count=1)
    call_count = tts.call_count
    with pytest.raises(VoiceOverloaded):
        synthesizer.synthesize("Hello.", ENGLISH)
    # The client does not retry: the unit does.
    assert tts.call_count <= call_count + 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refused_access_is_transient(
    synthesizer: SpeechSynthesizer, tts: TtsEmulator, status: int
) -> None:
    tts.add_fault(action={"status": status}, count=1)
    with pytest.raises(VoiceUnavailable) as caught:
        synthesizer.synthesize("Hello.", ENGLISH)
    assert "http" not in str(caught.value)


def test_refused_connection_counts_as_overloaded() -> None:
    with pytest.raises(VoiceOverloaded):
        create_speech_synthesizer("http://127.0.0.1:9").synthesize("Hello.", ENGLISH)


def test_emulator_responds_like_the_service(tts: TtsEmulator) -> None:
    body = {
        "input": {"text": "Hello."},
        "voice": {"languageCode": "en-US"},
        "audioConfig": {"audioEncoding": "LINEAR16", "sampleRateHertz": 24000},
    }
    response = tts.request("POST", "/v1/text:synthesize", body)
    wav = base64.b64decode(response["audioContent"])
    assert wav[:4] == b"RIFF"
    assert len(wav) == 8 + struct.unpack_from("<I", wav, 4)[0]
    assert from_wav(wav).rate_hz == 24000


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"input": {"text": "a", "ssml": "<speak>a</speak>"}},
        {"input": {"text": "a"}, "voice": {"languageCode": "en"}},
        {"input": {"text": "a"}, "voice": {"languageCode": "en"}, "hello": 1},
        {"input": {"text": "\ud800"}, "voice": {"languageCode": "en"},
         "audioConfig": {"audioEncoding": "LINEAR16"}},
        {"input": {"text": "a"}, "voice": {"languageCode": "en"},
         "audioConfig": {"audioEncoding": "LINEAR16", "speakingRate": 9}},
        {"input": {"text": "a"}, "voice": {"languageCode": "en"},
         "audioConfig": {"audioEncoding": "MP3"}},
    ],
)  # fmt: skip
def test_emulator_errors_have_the_format_of_the_service(tts: TtsEmulator, body: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        tts.request("POST", "/v1/text:synthesize", body)
    assert error.value.code == 400
    assert b'"status": "INVALID_ARGUMENT"' in error.value.read()


def test_emulator_refuses_browsers(tts: TtsEmulator) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        tts.request("GET", "/v1/voices", origin="https://x.org")
    assert error.value.code == 403


def test_languages_that_the_emulator_would_spell_out_have_no_voice(
    synthesizer: SpeechSynthesizer, tts: TtsEmulator
) -> None:
    voices = fetch_voices(tts.url)
    spoken = {code.split("-")[0] for voice in voices for code in voice.languages}
    assert {"en", "de", "ru", "ar", "cmn", "yue", "ko", "th", "hi"} <= spoken
    # Characters that are spelled out; languages without a dictionary, which are silent.
    assert not {"ja", "hak", "fo", "kaa", "xex"} & spoken
    with pytest.raises(VoiceRefused) as error:
        synthesizer.synthesize("日本", SpeechSettings("ja"))
    assert str(error.value) == (
        "There is no voice that can speak this in ja; choose another language."
    )


@pytest.mark.parametrize("status", [403, 503])
def test_list_of_voices_that_is_refused_names_no_address(tts: TtsEmulator, status: int) -> None:
    tts.request(
        "POST",
        "/_faults",
        {"match": {"path_regex": "voices"}, "action": {"status": status}, "count": 1},
    )
    with pytest.raises((VoiceOverloaded, VoiceUnavailable)) as error:
        fetch_voices(tts.url)
    assert "127.0.0.1" not in str(error.value)
    assert "http" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (SpeechSettings("en"), "en"),
        (SpeechSettings("zh"), "cmn-CN"),
        (SpeechSettings("zh-Hant"), "cmn-TW"),
        (SpeechSettings("zh-Hant-TW"), "cmn-TW"),
        (SpeechSettings("zh-HK"), "yue-HK"),
        (SpeechSettings("sr-Latn-RS"), "sr-RS"),
        (SpeechSettings("no"), "nb-NO"),
        (SpeechSettings("en", voice="en-GB-Neural2-A"), "en-GB"),
        (SpeechSettings("zh", voice="cmn-TW-Wavenet-A"), "cmn-TW"),
    ],
)
def test_language_codes_are_those_of_the_service(settings: SpeechSettings, code: str) -> None:
    assert language_code(settings) == code
