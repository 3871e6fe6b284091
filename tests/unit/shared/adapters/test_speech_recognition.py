"""The adapter of Speech-to-Text with responses in the documented form of the REST API.

https://docs.cloud.google.com/speech-to-text/docs/reference/rest/v2/projects.locations.recognizers/recognize
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from shared.adapters.speech_recognition import (
    create_speech_recognizer,
    fetch_recognition_languages,
    find_host,
)
from shared.errors import MoodreelError, QuotaExhausted
from shared.ports.speech_recognition import (
    LanguageNotRecognized,
    Recognition,
    RecognitionOverloaded,
    RecognitionRequest,
    RecognitionUnavailable,
    RecognizedWord,
)
from shared.runtime.settings import Settings
from tests.fixtures.models.stt import recognition_settings

SOUND = bytes(5 * 2 * 16_000)
MODEL = "chirp_3"
FEATURES = {"modelFeature": [{"feature": "automatic_punctuation", "releaseState": "GA"}]}
LOCATION = {
    "name": "projects/demo-moodreel/locations/eu",
    "locationId": "eu",
    "metadata": {
        "@type": "type.googleapis.com/google.cloud.speech.v2.LocationsMetadata",
        "languages": {"models": {
            "auto": {"modelFeatures": {MODEL: FEATURES}},
            "de-DE": {"modelFeatures": {MODEL: FEATURES, "long": FEATURES}},
            "en-US": {"modelFeatures": {MODEL: FEATURES}},
            "sw-KE": {"modelFeatures": {"long": FEATURES}},
        }},
        "accessMetadata": {"constraintType": "CONSTRAINT_TYPE_UNSPECIFIED"},
    },
}  # fmt: skip
RESPONSE = {
    "results": [
        {
            "alternatives": [{
                "transcript": "Guten Tag.",
                "confidence": 0.92,
                "words": [
                    # An offset of 0 is omitted, and so is a confidence that was not determined.
                    {"endOffset": "0.400s", "word": "Guten", "confidence": 0.75,
                     "speakerLabel": "1"},
                    {"startOffset": "0.400s", "endOffset": "0.920s", "word": "Tag."},
                ],
            }],
            "resultEndOffset": "1.200s",
            "languageCode": "de-de",
        },
        # A part of the sound without words.
        {"resultEndOffset": "3s", "languageCode": "en-us"},
        {
            "alternatives": [{
                "transcript": "Ja.",
                "words": [{"startOffset": "3.100s", "endOffset": "9s", "word": "Ja.",
                           "confidence": 0.5, "speakerLabel": "2"}],
            }],
            "resultEndOffset": "5s",
            "languageCode": "de-DE",
        },
    ],
    "metadata": {"requestId": "5f0c", "totalBilledDuration": "5s"},
}  # fmt: skip


class _Service(ThreadingHTTPServer):
    """A service that answers every request with one response, and records the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.response: Any = RESPONSE
        self.requests: list[tuple[str, Any]] = []

    @property
    def settings(self) -> Settings:
        return recognition_settings(f"http://127.0.0.1:{self.server_address[1]}", MODEL)

    def fail(self, status: int, message: str, name: str, details: list[Any] | None = None) -> None:
        error = {"code": status, "message": message, "status": name, "details": details or []}
        self.status, self.response = status, {"error": error}

    def recognize(self, language: str = "auto", sound: bytes = SOUND) -> Recognition:
        recognizer = create_speech_recognizer(self.settings, lambda: ("de-DE", "en-US", "pt-BR"))
        return recognizer.recognize(RecognitionRequest(sound, language))


class _Handler(BaseHTTPRequestHandler):
    server: _Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.path.partition("?")[0], json.loads(body or b"null")))
        answer = json.dumps(self.server.response).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 - the name is the library's

    def log_message(self, *_arguments: object) -> None:
        """Writes nothing."""


@pytest.fixture
def service() -> Iterator[_Service]:
    with _Service() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_request_has_the_documented_form(service: _Service) -> None:
    service.recognize("pt")
    [(path, body)] = service.requests
    assert path == "/v2/projects/demo-moodreel/locations/eu/recognizers/_:recognize"
    assert base64.b64decode(body.pop("content")) == SOUND
    assert body == {
        "config": {
            # Enums are numbers: LINEAR16.
            "explicitDecodingConfig": {
                "encoding": 1, "sampleRateHertz": 16000, "audioChannelCount": 1,
            },
            "model": MODEL,
            "languageCodes": ["pt-BR"],
            "features": {
                "enableWordTimeOffsets": True,
                "enableWordConfidence": True,
                "enableAutomaticPunctuation": True,
            },
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "code"), [("auto", "auto"), ("en-AU", "en-US"), ("de-de", "de-DE"), ("ja", "ja")]
)
def test_language_is_sent_as_the_service_writes_it(service: _Service, tag: str, code: str) -> None:
    service.recognize(tag)
    assert service.requests[0][1]["config"]["languageCodes"] == [code]


def test_response_has_words_with_times_confidence_and_speakers(service: _Service) -> None:
    result = service.recognize()
    assert result == Recognition(
        (
            RecognizedWord("Guten", 0.0, 0.4, 0.75, "1"),
            RecognizedWord("Tag.", 0.4, 0.92, None, ""),
            # No word ends after the sound.
            RecognizedWord("Ja.", 3.1, 5.0, 0.5, "2"),
        ),
        "de-DE",
    )


@pytest.mark.parametrize("results", [{}, {"results": []}, {"results": [{"languageCode": "de-DE"}]}])
def test_response_without_words_states_no_language(
    service: _Service, results: dict[str, Any]
) -> None:
    service.response = {"metadata": {"totalBilledDuration": "5s"}, **results}
    assert service.recognize() == Recognition((), "")


def test_model_without_times_of_words_is_told(service: _Service) -> None:
    service.response = {"results": [{"alternatives": [{"transcript": "Ja."}]}]}
    with pytest.raises(RecognitionUnavailable, match="no times of words"):
        service.recognize()


@pytest.mark.parametrize(
    ("status", "name", "message", "error"),
    [
        (400, "INVALID_ARGUMENT",
         'The language "ja" is not supported by the model "chirp_3" in the location named "eu".',
         LanguageNotRecognized),
        (400, "INVALID_ARGUMENT",
         'The model "chirp_3" does not exist in the location named "eu".', RecognitionUnavailable),
        (401, "UNAUTHENTICATED", "Request had invalid authentication.", RecognitionUnavailable),
        (403, "PERMISSION_DENIED", "Permission 'speech.recognizers.recognize' denied.",
         RecognitionUnavailable),
        (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric.", RecognitionOverloaded),
        (503, "UNAVAILABLE", "The service is currently unavailable.", RecognitionOverloaded),
        (504, "DEADLINE_EXCEEDED", "Deadline exceeded.", RecognitionOverloaded),
    ],
)  # fmt: skip
def test_errors_of_the_service_are_classified(
    service: _Service, status: int, name: str, message: str, error: type[MoodreelError]
) -> None:
    service.fail(status, message, name)
    with pytest.raises(MoodreelError) as caught:
        service.recognize("ja")
    assert type(caught.value) is error
    assert "http" not in str(caught.value)


def test_details_of_an_exhausted_quota_are_read(service: _Service) -> None:
    service.fail(429, "Quota exceeded.", "RESOURCE_EXHAUSTED", [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"},
    ])  # fmt: skip
    with pytest.raises(RecognitionOverloaded) as caught:
        service.recognize()
    assert caught.value.retry_after_s == 17
    service.fail(429, "Quota exceeded.", "RESOURCE_EXHAUSTED", [{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED", "domain": "googleapis.com",
        "metadata": {"quota_unit": "1/d/{project}/{region}"},
    }])  # fmt: skip
    with pytest.raises(QuotaExhausted):
        service.recognize()


def test_model_that_detects_no_language_asks_for_one(service: _Service) -> None:
    message = 'The language "auto" is not supported by the model "long" in the location "eu".'
    service.fail(400, message, "INVALID_ARGUMENT")
    with pytest.raises(LanguageNotRecognized, match="choose a language"):
        service.recognize()


def test_languages_are_those_of_the_model(service: _Service) -> None:
    service.response = LOCATION
    assert sorted(fetch_recognition_languages(service.settings)) == ["de-DE", "en-US"]
    assert service.requests == [("/v2/projects/demo-moodreel/locations/eu", None)]


def test_location_without_languages_is_unavailable(service: _Service) -> None:
    service.response = {"name": LOCATION["name"], "locationId": "eu"}
    with pytest.raises(RecognitionUnavailable):
        fetch_recognition_languages(service.settings)
    service.fail(403, "Permission 'speech.locations.get' denied.", "PERMISSION_DENIED")
    with pytest.raises(RecognitionUnavailable):
        fetch_recognition_languages(service.settings)


def test_location_has_its_own_host() -> None:
    assert find_host("eu") == "eu-speech.googleapis.com"
    assert find_host("us-central1") == "us-central1-speech.googleapis.com"
    assert find_host("global") == "speech.googleapis.com"
