"""The REST API of Google's service: `POST /v1/text:synthesize` and `GET /v1/voices`.

`GET /_health` returns call counts. `POST /_faults` adds fault rules, see
infra.local.faults.inject.
"""

from __future__ import annotations

import asyncio
import base64
import json
from array import array
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from infra.local.emulators.tts.espeak import Espeak, SpeechOptions
from infra.local.emulators.tts.voices import Catalogue, Voice, VoiceNotFound
from infra.local.faults.inject import Faults, is_from_browser
from shared.recipes.films.speech import PITCH_RANGE, SPEED_RANGE, SpeechAudio
from shared.recipes.films.wav import RATES_HZ, to_wav

MAX_TEXT_BYTES = 5_000
"""The real service's limit for the text of a request, including markup."""
MAX_BODY_BYTES = 1 << 20
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
_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class InvalidRequest(Exception):
    """An invalid request. The text is the service's error message."""


@dataclass
class EmulatorState:
    """The engine, its voices, and the counts since the start."""

    engine: Espeak
    catalogue: Catalogue
    call_count: int = 0
    character_count: int = 0


@dataclass(frozen=True)
class SpeechRequest:
    """A parsed `text:synthesize` request."""

    text: str
    ssml: bool
    voice: Voice
    speed: float
    pitch: float
    rate_hz: int | None


def build_app(state: EmulatorState) -> web.Application:
    """Returns the server. The engine is not thread-safe, so one thread runs it."""
    executor = ThreadPoolExecutor(1)

    async def synthesize(request: web.Request) -> web.Response:
        try:
            speech_request = parse_request(await request.json(), state.catalogue)
        except (InvalidRequest, VoiceNotFound) as error:
            return error_response(400, str(error))
        except ValueError:
            return error_response(400, "Invalid JSON payload received.")
        speech = await asyncio.get_running_loop().run_in_executor(
            executor, _speak, state, speech_request
        )
        state.call_count += 1
        state.character_count += len(speech_request.text)
        audio = base64.b64encode(to_wav(speech)).decode()
        return web.json_response({"audioContent": audio})

    async def list_voices(request: web.Request) -> web.Response:
        voices = state.catalogue.list_voices(request.query.get("languageCode", ""))
        rows = [
            {
                "languageCodes": [voice.language],
                "name": voice.name,
                "ssmlGender": voice.gender,
                "naturalSampleRateHertz": 22050,
            }
            for voice in voices
        ]
        return web.json_response({"voices": rows})

    async def health(_request: web.Request) -> web.Response:
        return web.json_response(
            {"status": "ok", "calls": state.call_count, "characters": state.character_count}
        )

    async def close(_app: web.Application) -> None:
        executor.shutdown(wait=False)

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_handle_errors])
    app.router.add_post("/v1/text:synthesize", synthesize)
    app.router.add_get("/v1/voices", list_voices)
    app.router.add_get("/_health", health)
    Faults(lambda _, status: error_response(status, "Injected fault.")).install(app)
    app.on_cleanup.append(close)
    return app


@web.middleware
async def _handle_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Rejects requests of web pages, and returns HTTP errors in the service's format."""
    if is_from_browser(request):
        return error_response(403, "Requests from web pages are not allowed.")
    try:
        return await handler(request)
    except web.HTTPException as error:
        return error_response(error.status, HTTPStatus(error.status).phrase)


def error_response(status: int, message: str) -> web.Response:
    """Returns an error in the JSON format of Google's APIs."""
    error = {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}
    return web.json_response({"error": error}, status=status)


def parse_request(body: Any, catalogue: Catalogue) -> SpeechRequest:
    """Parses a request. Raises InvalidRequest or VoiceNotFound with the service's message."""
    _check_fields(body, "")
    parts = {name: body.get(name) or {} for name in _FIELDS[""]}
    for name, part in parts.items():
        _check_fields(part, name)
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
    return SpeechRequest(
        text=content,
        ssml=ssml is not None,
        voice=selected_voice,
        speed=_check_range(audio.get("speakingRate") or 1.0, "speaking_rate", SPEED_RANGE),
        pitch=_check_range(audio.get("pitch") or 0.0, "pitch", PITCH_RANGE),
        rate_hz=rate,
    )


def _speak(state: EmulatorState, request: SpeechRequest) -> SpeechAudio:
    options = SpeechOptions(request.voice.espeak_voice, request.speed, request.pitch)
    speech = state.engine.speak(request.text, options, ssml=request.ssml)
    return speech if request.rate_hz is None else _resample(speech, request.rate_hz)


def _resample(speech: SpeechAudio, rate_hz: int) -> SpeechAudio:
    """Resamples by linear interpolation, which is sufficient for an emulator."""
    if rate_hz == speech.rate_hz or not speech.samples:
        return SpeechAudio(speech.pcm, rate_hz)
    source = array("h", speech.pcm)
    last = len(source) - 1
    step = speech.rate_hz / rate_hz
    out = array("h")
    for index in range(len(source) * rate_hz // speech.rate_hz):
        position = index * step
        low = int(position)
        high = source[min(low + 1, last)]
        out.append(round(source[low] + (high - source[low]) * (position - low)))
    return SpeechAudio(out.tobytes(), rate_hz)


def _check_range(value: Any, name: str, limits: tuple[float, float]) -> float:
    low, high = limits
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise InvalidRequest(f"Invalid {name} {json.dumps(value)}; it must be {low:g} to {high:g}.")
    return float(value)


def _check_fields(part: Any, name: str) -> None:
    if not isinstance(part, Mapping):
        raise InvalidRequest("Invalid JSON payload received.")
    for key in part:
        if key not in _FIELDS[name]:
            location = f" at '{name}'" if name else ""
            raise InvalidRequest(
                f'Invalid JSON payload received. Unknown name "{key}"{location}: Cannot find field.'
            )
