"""Requests that the Speech-to-Text emulator refuses, with the messages of the real service."""

from __future__ import annotations

import urllib.error
from typing import Any

import pytest

from shared.ports.speech_recognition import SAMPLE_RATE_HZ
from tests.fixtures.models.stt import LOCATION, SttEmulator, recognition_config

pytestmark = pytest.mark.slow
SILENCE = bytes(SAMPLE_RATE_HZ)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model": "chirp_9"},
         'The model "chirp_9" does not exist in the location named "eu".'),
        ({"languageCodes": ["fr-FR"]},
         'The language "fr-FR" is not supported by the model "whisper-tiny.en" in the location '
         'named "eu".'),
        ({"languageCodes": []}, "Invalid recognition 'config': must specify language_codes."),
        ({"explicitDecodingConfig": {"encoding": "MP3"}},
         "The emulator supports only LINEAR16 of one channel at 16000 Hz."),
        ({"hello": 1},
         'Invalid JSON payload received. Unknown name "hello" at \'config\': Cannot find field.'),
        ({"features": 5}, "Invalid JSON payload received."),
    ],
)  # fmt: skip
def test_emulator_refuses_as_the_service(
    stt: SttEmulator, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        stt.recognize(SILENCE, **config)
    body = stt.read_error(error.value)
    assert body == {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}


def test_emulator_limits_the_sound(stt: SttEmulator) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        stt.recognize(bytes(61 * 2 * SAMPLE_RATE_HZ))
    assert stt.read_error(error.value)["message"] == "Audio can be of a maximum of 60 seconds."
    body = {"config": recognition_config(), "content": "é"}
    with pytest.raises(urllib.error.HTTPError) as error:
        stt.request("POST", f"{LOCATION}/recognizers/_:recognize", body)
    assert error.value.code == 400


def test_emulator_refuses_browsers_and_stored_recognizers(stt: SttEmulator) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        stt.request("GET", LOCATION, origin="https://x.org")
    assert error.value.code == 403
    with pytest.raises(urllib.error.HTTPError) as error:
        stt.request("POST", f"{LOCATION}/recognizers/mine:recognize", {})
    assert error.value.code == 404
