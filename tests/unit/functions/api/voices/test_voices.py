"""The list of voices and their samples, with the emulators of Text-to-Speech and Cloud Storage."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from functions.api.routes import ROUTES
from functions.api.voices.handlers import SAMPLES_FOLDER
from shared.adapters.text_to_speech import create_speech_synthesizer, fetch_voices
from shared.entrypoints import bootstrap
from shared.pipeline import Bucket
from shared.recipes.films.voice_samples import MAX_SAMPLE_CHARS, sample_text
from shared.recipes.films.voices import Voice
from shared.recipes.films.wav import from_wav
from shared.runtime.logs import log
from shared.runtime.service_lists import VoiceList
from shared.runtime.services import SystemClock
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.models.tts import TtsEmulator
from tests.fixtures.stage_harness import StageHarness

BOB_HEADERS = {"Authorization": "Bearer bob"}
NEURAL = Voice("en-US-Neural-Ann", ("en-US",), "FEMALE")


@pytest.fixture(scope="module")
def storage(gcs: GcsEmulator) -> StageHarness:
    return StageHarness.create(gcs)


@pytest.fixture(autouse=True)
def service(tts: TtsEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    synthesizer = create_speech_synthesizer(tts.url)
    listed = VoiceList(
        lambda: (*fetch_voices(tts.url), NEURAL), SystemClock(), log, ("Neural", "Standard")
    )
    monkeypatch.setattr(bootstrap, "voice", lambda: synthesizer)
    monkeypatch.setattr(bootstrap, "voices", lambda: listed)


@pytest.fixture
def api(storage: StageHarness) -> AppHarness:
    return AppHarness(ROUTES, objects=storage.objects)


def get(api: AppHarness, path: str, headers: dict[str, str] = ALICE_HEADERS) -> Any:
    return api.request("GET", path, headers=headers)


def test_language_that_is_no_tag_is_refused_as_a_field(api: AppHarness) -> None:
    response = get(api, "/v1/voices?language=%02")
    assert (response.status_code, response.json["code"]) == (422, "invalid-request")
    assert [error["field"] for error in response.json["errors"]] == ["language"]


def test_voices_of_a_language_are_listed_with_its_default(api: AppHarness) -> None:
    body = get(api, "/v1/voices?language=en").json
    assert body["default"] == NEURAL.name
    assert body["voices"][0] == {
        "name": "en-US-Neural-Ann", "languages": ["en-US"], "gender": "female", "kind": "neural",
        "technology": "Neural", "sample_url": "/v1/voices/en-US-Neural-Ann/sample",
    }  # fmt: skip
    assert {voice["languages"][0][:2] for voice in body["voices"]} == {"en"}
    assert {voice["kind"] for voice in body["voices"][1:]} == {"standard"}
    every = get(api, "/v1/voices").json
    assert every["default"] is None
    assert len(every["voices"]) > len(body["voices"])


@pytest.mark.parametrize(
    ("language", "status", "names"),
    [
        ("de", 200, ["de-DE-Standard-A", "de-DE-Standard-C"]),
        ("zh-HK", 200, ["yue-HK-Standard-A", "yue-HK-Standard-C"]),
        ("ja", 200, []),
        ("not a tag", 422, None),
        ("x" * 40, 422, None),
    ],
)
def test_language_selects_voices(
    api: AppHarness, language: str, status: int, names: list[str] | None
) -> None:
    response = api.request(
        "GET", "/v1/voices", headers=ALICE_HEADERS, query_string={"language": language}
    )
    assert response.status_code == status
    if names is not None:
        assert [voice["name"] for voice in response.json["voices"]] == names
        assert response.json["default"] == (names[0] if names else None)


def test_sample_is_synthesized_once_for_all_users(
    api: AppHarness, storage: StageHarness, tts: TtsEmulator
) -> None:
    calls = tts.call_count
    first = get(api, "/v1/voices/de-DE-Standard-A/sample")
    second = get(api, "/v1/voices/de-DE-Standard-A/sample", BOB_HEADERS)
    assert tts.call_count == calls + 1
    assert (first.status_code, first.mimetype) == (200, "audio/wav")
    assert first.data == second.data
    speech = from_wav(first.data)
    assert 1 < speech.samples / speech.rate_hz < 6
    tag = {"If-None-Match": first.headers["ETag"], **ALICE_HEADERS}
    assert get(api, "/v1/voices/de-DE-Standard-A/sample", tag).status_code == 304
    # The name of the object contains no user.
    (name,) = storage.list_names(Bucket.WORK)
    assert name.startswith(SAMPLES_FOLDER)


def test_samples_are_for_users_and_limited(api: AppHarness) -> None:
    path = "/v1/voices/fr-FR-Standard-A/sample"
    assert get(api, path, {}).status_code == 401
    assert get(api, "/v1/voices", {}).status_code == 401
    statuses = [get(api, path).status_code for _ in range(SETTINGS.changes_per_minute + 1)]
    assert statuses[:-1] == [200] * SETTINGS.changes_per_minute
    assert statuses[-1] == 429


@pytest.mark.parametrize("name", ["en-US-Nobody-Z", "..%2f..%2fnarration", "x" * 91])
def test_unknown_voice_has_no_sample(api: AppHarness, tts: TtsEmulator, name: str) -> None:
    calls = tts.call_count
    assert get(api, f"/v1/voices/{name}/sample").status_code == 404
    assert tts.call_count == calls


def test_outage_is_reported(
    api: AppHarness, tts: TtsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tts.add_fault(action={"status": 503}, count=1)
    response = get(api, "/v1/voices/it-IT-Standard-A/sample")
    assert (response.status_code, response.json["code"]) == (503, "voice-overloaded")
    nothing = VoiceList(lambda: fetch_voices("http://127.0.0.1:9"), SystemClock(), log)
    monkeypatch.setattr(bootstrap, "voices", lambda: nothing)
    for path in ("/v1/voices", "/v1/voices?language=en", "/v1/voices/it-IT-Standard-A/sample"):
        assert get(api, path).status_code == 503


def test_every_voice_of_the_emulator_has_a_short_sample_in_its_script(tts: TtsEmulator) -> None:
    for voice in fetch_voices(tts.url):
        text = sample_text(voice.languages[0])
        assert len(text) <= MAX_SAMPLE_CHARS
        assert unicodedata.is_normalized("NFC", text)
