"""The REST interface: `POST /v1/text:synthesize` and `GET /v1/voices`, as Google's service has it.

`GET /_health` counts what was spoken. Faults are told by `POST /_faults`, see
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
"""The real service's limit for a request's text, markup included."""
MAX_BODY_BYTES = 1 << 20
_LINEAR16 = ("LINEAR16", 1)
_GENDERS = {0: "", 1: "MALE", 2: "FEMALE", 3: "NEUTRAL"}
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
    """A request that the service answers with an error."""


@dataclass
class EmulatorState:
    """The engine, and what it was asked for since the start."""

    engine: Espeak
    catalogue: Catalogue
    call_count: int = 0
    character_count: int = 0


@dataclass(frozen=True)
class SpeechRequest:
    """A request for speech that can be carried out."""

    text: str
    ssml: bool
    voice: Voice
    speed: float
    pitch: float
    rate_hz: int | None


def build_app(state: EmulatorState) -> web.Application:
    """The server. One thread speaks, since the engine can do one thing at a time."""
    mouth = ThreadPoolExecutor(1)

    async def synthesize(request: web.Request) -> web.Response:
        try:
            asked = parse_request(await request.json(), state.catalogue)
        except (InvalidRequest, VoiceNotFound) as wrong:
            return error_response(400, str(wrong))
        except ValueError:
            return error_response(400, "Invalid JSON payload received.")
        spoken = await asyncio.get_running_loop().run_in_executor(mouth, _speak, state, asked)
        state.call_count += 1
        state.character_count += len(asked.text)
        audio = base64.b64encode(to_wav(spoken)).decode()
        return web.json_response({"audioContent": audio})

    async def voices(request: web.Request) -> web.Response:
        listed = state.catalogue.list_voices(request.query.get("languageCode", ""))
        rows = [
            {
                "languageCodes": [one.language],
                "name": one.name,
                "ssmlGender": one.gender,
                "naturalSampleRateHertz": 22050,
            }
            for one in listed
        ]
        return web.json_response({"voices": rows})

    async def health(_request: web.Request) -> web.Response:
        return web.json_response(
            {"status": "ok", "calls": state.call_count, "characters": state.character_count}
        )

    async def close(_app: web.Application) -> None:
        mouth.shutdown(wait=False)

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_plain])
    app.router.add_post("/v1/text:synthesize", synthesize)
    app.router.add_get("/v1/voices", voices)
    app.router.add_get("/_health", health)
    Faults(lambda _, status: error_response(status, "Injected fault.")).install(app)
    app.on_cleanup.append(close)
    return app


@web.middleware
async def _plain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No page in a browser may speak; what there is not is answered in the service's shape."""
    if is_from_browser(request):
        return error_response(403, "Not for pages.")
    try:
        return await handler(request)
    except web.HTTPException as wrong:
        return error_response(wrong.status, HTTPStatus(wrong.status).phrase)


def error_response(status: int, message: str) -> web.Response:
    """An error in the JSON shape of Google's APIs."""
    told = {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}
    return web.json_response({"error": told}, status=status)


def parse_request(body: Any, catalogue: Catalogue) -> SpeechRequest:
    """What is asked for. Raises Refused or NoSuchVoice with the service's sentence."""
    _only_known(body, "")
    parts = {name: body.get(name) or {} for name in _FIELDS[""]}
    for name, part in parts.items():
        _only_known(part, name)
    given, voice, audio = parts["input"], parts["voice"], parts["audioConfig"]
    text, ssml = given.get("text"), given.get("ssml")
    said = text if ssml is None else ssml
    if not isinstance(said, str) or not said or (text is not None and ssml is not None):
        raise InvalidRequest("Exactly one of `input.text` and `input.ssml` must be set.")
    if len(said.encode()) > MAX_TEXT_BYTES:
        raise InvalidRequest(
            "Either `input.text` or `input.ssml` is longer than the limit of "
            f"{MAX_TEXT_BYTES} bytes. "
            "This limit is different from quotas. To fix, reduce the byte length of the "
            "characters in this request, or consider using the Long Audio API."
        )
    if audio.get("audioEncoding") not in _LINEAR16:
        raise InvalidRequest("The stand-in speaks LINEAR16 alone.")
    rate = audio.get("sampleRateHertz") or None
    if rate is not None and rate not in RATES_HZ:
        raise InvalidRequest(f"Unsupported sample rate: {rate!r}.")
    gender = voice.get("ssmlGender", "")
    offer = catalogue.find_voice(
        str(voice.get("languageCode", "")),
        str(voice.get("name", "")),
        _GENDERS.get(gender, "") if isinstance(gender, int) else str(gender),
    )
    return SpeechRequest(
        text=said,
        ssml=ssml is not None,
        voice=offer,
        speed=_within(audio.get("speakingRate") or 1.0, "speaking_rate", SPEED_RANGE),
        pitch=_within(audio.get("pitch") or 0.0, "pitch", PITCH_RANGE),
        rate_hz=rate,
    )


def _speak(stand: EmulatorState, asked: SpeechRequest) -> SpeechAudio:
    manner = SpeechOptions(asked.voice.espeak_voice, asked.speed, asked.pitch)
    spoken = stand.engine.speak(asked.text, manner, ssml=asked.ssml)
    return spoken if asked.rate_hz is None else _resampled(spoken, asked.rate_hz)


def _resampled(spoken: SpeechAudio, rate_hz: int) -> SpeechAudio:
    """At another rate by straight lines between samples: good enough for a stand-in."""
    if rate_hz == spoken.rate_hz or not spoken.samples:
        return SpeechAudio(spoken.pcm, rate_hz)
    source = array("h", spoken.pcm)
    last = len(source) - 1
    step = spoken.rate_hz / rate_hz
    out = array("h")
    for n in range(len(source) * rate_hz // spoken.rate_hz):
        at = n * step
        low = int(at)
        high = source[min(low + 1, last)]
        out.append(round(source[low] + (high - source[low]) * (at - low)))
    return SpeechAudio(out.tobytes(), rate_hz)


def _within(value: Any, name: str, limits: tuple[float, float]) -> float:
    low, high = limits
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else low - 1
    if not low <= number <= high:
        raise InvalidRequest(f"Invalid {name} {json.dumps(value)}; it must be {low:g} to {high:g}.")
    return float(number)


def _only_known(part: Any, name: str) -> None:
    if not isinstance(part, Mapping):
        raise InvalidRequest("Invalid JSON payload received.")
    for key in part:
        if key not in _FIELDS[name]:
            where = f" at '{name}'" if name else ""
            raise InvalidRequest(
                f'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.'
            )
