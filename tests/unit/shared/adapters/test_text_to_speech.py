"""The production adapter over the stand-in's wire: what is said, refused, and tried again."""

from __future__ import annotations

import array
import base64
import struct
import urllib.error
from typing import Any

import pytest

from shared.adapters.text_to_speech import create_speech_synthesizer, language_code
from shared.errors import VoiceOverloaded, VoiceRefused, VoiceUnavailable
from shared.ports.models import SpeechSynthesizer
from shared.recipes.films.speech import SpeechAudio, SpeechSettings
from shared.recipes.films.wav import InvalidWav, from_wav, to_wav
from tests.fixtures.models.tts import TtsEmulator

ENGLISH = SpeechSettings("en-US")


def loudest(spoken: SpeechAudio) -> int:
    return max(map(abs, array.array("h", spoken.pcm)))


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
        ("ja", "しょくぶつ は ひかり から たべもの を つくる。"),
        ("hi", "पौधे प्रकाश से भोजन बनाते हैं।"),
        ("nn", "Planter lagar mat av lys."),
    ],
)
def test_every_script_is_heard(synthesizer: SpeechSynthesizer, language: str, text: str) -> None:
    spoken = synthesizer.synthesize(text, SpeechSettings(language))
    assert spoken.rate_hz == 22050
    assert 0.8 < spoken.samples / spoken.rate_hz < 12
    assert loudest(spoken) > 8000


def test_speed_shortens_and_pitch_changes_the_sound(synthesizer: SpeechSynthesizer) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    plain = synthesizer.synthesize(text, ENGLISH)
    fast = synthesizer.synthesize(text, SpeechSettings("en-US", speed=1.5))
    high = synthesizer.synthesize(text, SpeechSettings("en-US", pitch=6))
    assert 0.6 < fast.samples / plain.samples < 0.75
    assert high.pcm != plain.pcm


def test_a_voice_is_taken_by_its_name(synthesizer: SpeechSynthesizer, tts: TtsEmulator) -> None:
    listed = tts.request("GET", "/v1/voices?languageCode=de")["voices"]
    assert [one["name"] for one in listed] == ["de-DE-Standard-A", "de-DE-Standard-C"]
    spoken = [
        synthesizer.synthesize("Hallo.", SpeechSettings("de", voice=one["name"])) for one in listed
    ]
    assert spoken[0].pcm != spoken[1].pcm


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (SpeechSettings("en-US", voice="en-US-Nobody-Z"), "does not exist"),
        (SpeechSettings("xx"), "does not exist"),
    ],
)
def test_a_voice_that_does_not_exist_is_refused_for_good(
    synthesizer: SpeechSynthesizer, settings: SpeechSettings, why: str
) -> None:
    with pytest.raises(VoiceRefused, match=why):
        synthesizer.synthesize("Hello.", settings)


def test_5000_bytes_are_spoken_and_one_more_is_refused(synthesizer: SpeechSynthesizer) -> None:
    fits = "é " * 1666 + "a" * 2
    assert len(fits.encode()) == 5000
    assert synthesizer.synthesize(fits, SpeechSettings("fr", speed=2.0)).samples > 0
    with pytest.raises(VoiceRefused, match="5000 bytes"):
        synthesizer.synthesize(fits + "a", SpeechSettings("fr"))


def test_a_used_up_quota_is_tried_later(synthesizer: SpeechSynthesizer, tts: TtsEmulator) -> None:
    tts.add_fault(action={"status": 429, "retry_after_s": 1}, count=1)
    with pytest.raises(VoiceOverloaded):
        synthesizer.synthesize("Hello.", ENGLISH)
    assert synthesizer.synthesize("Hello.", ENGLISH).samples > 0


@pytest.mark.parametrize("action", [
    {"status": 500}, {"status": 503}, {"status": 403}, {"status": 401}, {"lose_response": True},
    {"cut_after_bytes": 50},
])  # fmt: skip
def test_a_fault_of_the_service_is_tried_later(
    synthesizer: SpeechSynthesizer, tts: TtsEmulator, action: dict[str, Any]
) -> None:
    tts.add_fault(action=action, count=1)
    before = tts.call_count
    with pytest.raises(VoiceUnavailable):
        synthesizer.synthesize("Hello.", ENGLISH)
    # The client itself tries nothing again: that is the unit's affair.
    assert tts.call_count <= before + 1


def test_nobody_there_is_tried_later() -> None:
    with pytest.raises(VoiceUnavailable):
        create_speech_synthesizer("http://127.0.0.1:9").synthesize("Hello.", ENGLISH)


def test_the_stand_in_answers_as_the_service_does(tts: TtsEmulator) -> None:
    body = {
        "input": {"text": "Hello."},
        "voice": {"languageCode": "en-US"},
        "audioConfig": {"audioEncoding": "LINEAR16", "sampleRateHertz": 24000},
    }
    answer = tts.request("POST", "/v1/text:synthesize", body)
    wav = base64.b64decode(answer["audioContent"])
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
def test_the_stand_in_refuses_in_the_services_shape(tts: TtsEmulator, body: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        tts.request("POST", "/v1/text:synthesize", body)
    assert refused.value.code == 400
    assert b'"status": "INVALID_ARGUMENT"' in refused.value.read()


def test_a_page_in_a_browser_cannot_make_it_speak(tts: TtsEmulator) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        tts.request("GET", "/v1/voices", origin="https://x.org")
    assert refused.value.code == 403


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
def test_the_service_is_asked_in_its_own_codes(settings: SpeechSettings, code: str) -> None:
    assert language_code(settings) == code


def test_speech_survives_its_file() -> None:
    spoken = SpeechAudio(bytes(range(256)) * 4, 24000)
    assert from_wav(to_wav(spoken)) == spoken


def test_a_stream_of_unknown_length_ends_with_its_bytes() -> None:
    wav = bytearray(to_wav(SpeechAudio(b"\1\2" * 50, 16000)))
    wav[40:44] = b"\xff\xff\xff\xff"
    assert from_wav(bytes(wav)).samples == 50


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd",
        b"ID3" + bytes(60),
        to_wav(SpeechAudio(b"\0\0", 24000)).replace(b"\x01\x00\x01\x00", b"\x01\x00\x02\x00"),
        to_wav(SpeechAudio(b"\0\0", 24000))[:30],
        to_wav(SpeechAudio(b"\0\0", 96000)),
    ],
)
def test_what_is_no_speech_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidWav):
        from_wav(data)
