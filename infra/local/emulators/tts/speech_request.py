"""Parses requests of `text:synthesize` as the real service does, with its error messages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from infra.local.emulators.google_service import InvalidRequest, check_fields
from infra.local.emulators.tts.voices import Catalogue, Voice
from shared.recipes.films.speech import PITCH_RANGE, SPEED_RANGE
from shared.recipes.films.wav import RATES_HZ

MAX_TEXT_BYTES = 5_000
"""The real service's limit for the text of a request, including markup."""
# The name and the protobuf number of the only supported encoding.
_LINEAR16 = ("LINEAR16", 1)
_GENDERS = {0: "", 1: "MALE", 2: "FEMALE", 3: "NEUTRAL"}
# The allowed fields of each object; "" is the root.
_FIELDS = {
    "": ("input", "voice", "audioConfig"),
    "input": ("text", "ssml"),
    "voice": ("languageCode", "name", "ssmlGender"),
    "audioConfig": ("audioEncoding", "speakingRate", "pitch", "volumeGainDb", "sampleRateHertz"),
}


@dataclass(frozen=True)
class SpeechRequest:
    """A parsed `text:synthesize` request."""

    text: str
    ssml: bool
    voice: Voice
    speed: float
    pitch: float
    rate_hz: int | None


def parse_request(body: Any, catalogue: Catalogue) -> SpeechRequest:
    """Parses a request. Raises InvalidRequest or VoiceNotFound with the service's message."""
    check_fields(body, "", _FIELDS)
    parts = {name: body.get(name) or {} for name in _FIELDS[""]}
    for name, part in parts.items():
        check_fields(part, name, _FIELDS)
    input_part, voice, audio = parts["input"], parts["voice"], parts["audioConfig"]
    text, ssml = input_part.get("text"), input_part.get("ssml")
    content = text if ssml is None else ssml
    if not isinstance(content, str) or not content or (text is not None and ssml is not None):
        raise InvalidRequest("Exactly one of `input.text` and `input.ssml` must be set.")
    if len(content.encode()) > MAX_TEXT_BYTES:
        raise InvalidRequest(
            "Either `input.text` or `input.ssml` is longer than the limit of "
            f"{MAX_TEXT_BYTES} bytes. "
            "This limit is different from quotas. To fix, reduce the byte length of the "
            "characters in this request, or consider using the Long Audio API."
        )
    if audio.get("audioEncoding") not in _LINEAR16:
        raise InvalidRequest("The emulator supports only LINEAR16.")
    rate = audio.get("sampleRateHertz") or None
    if rate is not None and rate not in RATES_HZ:
        raise InvalidRequest(f"Unsupported sample rate: {rate!r}.")
    gender = voice.get("ssmlGender", "")
    selected_voice = catalogue.find_voice(
        str(voice.get("languageCode", "")),
        str(voice.get("name", "")),
        _GENDERS.get(gender, "") if isinstance(gender, int) else str(gender),
    )
    if ssml is not None and selected_voice.neural_files is not None:
        raise InvalidRequest("This voice currently only supports plain text, not SSML.")
    return SpeechRequest(
        text=content,
        ssml=ssml is not None,
        voice=selected_voice,
        speed=_check_range(audio.get("speakingRate") or 1.0, "speaking_rate", SPEED_RANGE),
        pitch=_check_range(audio.get("pitch") or 0.0, "pitch", PITCH_RANGE),
        rate_hz=rate,
    )


def _check_range(value: Any, name: str, limits: tuple[float, float]) -> float:
    low, high = limits
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise InvalidRequest(f"Invalid {name} {json.dumps(value)}; it must be {low:g} to {high:g}.")
    return float(value)
