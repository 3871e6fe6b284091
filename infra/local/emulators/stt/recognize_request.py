"""Parses requests of `recognizers/_:recognize` as the real service does, with its error messages.

https://docs.cloud.google.com/speech-to-text/docs/reference/rest/v2/projects.locations.recognizers
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.emulators.google_service import InvalidRequest, check_fields
from infra.local.emulators.stt.models import WhisperModel
from infra.local.emulators.stt.whisper import SAMPLE_RATE_HZ

MAX_SOUND_S = 60
"""The real service's limit for the sound of a synchronous request."""
MAX_CONTENT_BYTES = 10 << 20
"""The real service's limit for the size of that sound."""
AUTO_LANGUAGE = "auto"
MAX_LANGUAGES = 3
# The name and the protobuf number of the only supported encoding.
_LINEAR16 = ("LINEAR16", 1)
# The fields of each object; "" is the root.
_FIELDS = {
    "": ("config", "configMask", "content", "uri"),
    "config": ("model", "languageCodes", "features", "adaptation", "transcriptNormalization",
               "translationConfig", "denoiserConfig", "autoDecodingConfig",
               "explicitDecodingConfig"),
    "config.features": ("profanityFilter", "enableWordTimeOffsets", "enableWordConfidence",
                        "enableAutomaticPunctuation", "enableSpokenPunctuation",
                        "enableSpokenEmojis", "multiChannelMode", "diarizationConfig",
                        "maxAlternatives", "customPromptConfig"),
    "config.explicitDecodingConfig": ("encoding", "sampleRateHertz", "audioChannelCount"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecognizeRequest:
    """A parsed `recognize` request.

    Attributes:
        language: A tag of the model; "" if the model detects it.
        word_times, word_confidence: Whether the words have them.
    """

    samples: bytes
    model: WhisperModel
    folder: Path
    language: str
    word_times: bool
    word_confidence: bool


def parse_request(
    body: Any, location: str, models: Mapping[str, tuple[WhisperModel, Path]]
) -> RecognizeRequest:
    """Parses a request. Raises InvalidRequest with the service's message.

    Args:
        location: The location in the path, for messages.
        models: The models and their folders, by name.
    """
    check_fields(body, "", _FIELDS)
    config = _part(body, "config")
    features = _part(config, "features", "config.")
    name = str(config.get("model", ""))
    if name not in models:
        raise InvalidRequest(
            f'The model "{name}" does not exist in the location named "{location}".'
        )
    model, folder = models[name]
    for unsupported in ("adaptation", "translationConfig", "diarizationConfig"):
        if config.get(unsupported) or features.get(unsupported):
            raise InvalidRequest(f"The emulator does not support {unsupported}.")
    return RecognizeRequest(
        _parse_sound(body, config),
        model,
        folder,
        _parse_language(config.get("languageCodes"), model, location),
        word_times=bool(features.get("enableWordTimeOffsets")),
        word_confidence=bool(features.get("enableWordConfidence")),
    )


def _parse_language(codes: Any, model: WhisperModel, location: str) -> str:
    if not isinstance(codes, list) or not codes or not all(isinstance(c, str) for c in codes):
        raise InvalidRequest("Invalid recognition 'config': must specify language_codes.")
    if len(codes) > MAX_LANGUAGES:
        raise InvalidRequest(f"At most {MAX_LANGUAGES} language codes may be specified.")
    if codes == [AUTO_LANGUAGE]:
        return ""
    for code in codes:
        if code.split("-")[0].lower() not in model.languages:
            raise InvalidRequest(
                f'The language "{code}" is not supported by the model "{model.name}" in the '
                f'location named "{location}".'
            )
    return str(codes[0]).split("-")[0].lower() if len(codes) == 1 else ""


def _parse_sound(body: Mapping[str, Any], config: Mapping[str, Any]) -> bytes:
    if body.get("uri"):
        raise InvalidRequest("The emulator supports only inline content.")
    decoding = _part(config, "explicitDecodingConfig", "config.")
    if (
        decoding.get("encoding") not in _LINEAR16
        or decoding.get("sampleRateHertz") != SAMPLE_RATE_HZ
        or decoding.get("audioChannelCount", 1) != 1
    ):
        raise InvalidRequest(
            f"The emulator supports only LINEAR16 of one channel at {SAMPLE_RATE_HZ} Hz."
        )
    content = body.get("content")
    if not isinstance(content, str) or not content:
        raise InvalidRequest("Audio content must not be empty.")
    try:
        # REST accepts the URL-safe alphabet, too.
        samples = base64.b64decode(content.translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error as error:
        raise InvalidRequest("Invalid value at 'content' (TYPE_BYTES), Base64 decoding failed.") \
            from error  # fmt: skip
    if len(samples) > MAX_CONTENT_BYTES:
        raise InvalidRequest(f"Request payload size exceeds the limit: {MAX_CONTENT_BYTES} bytes.")
    if len(samples) > MAX_SOUND_S * SAMPLE_RATE_HZ * 2:
        raise InvalidRequest(f"Audio can be of a maximum of {MAX_SOUND_S} seconds.")
    return samples[: len(samples) // 2 * 2]


def _part(body: Mapping[str, Any], name: str, prefix: str = "") -> Mapping[str, Any]:
    part = body.get(name) or {}
    check_fields(part, prefix + name, _FIELDS)
    return part
