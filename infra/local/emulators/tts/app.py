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

from infra.local.emulators.tts.espeak import Espeak, Manner
from infra.local.emulators.tts.voices import Catalogue, NoSuchVoice, Offer
from infra.local.faults.inject import Faults, is_from_page
from shared.recipes.films.speech import PITCH_RANGE, SPEED_RANGE, Spoken
from shared.recipes.films.wav import RATES_HZ, to_wav

MOST_BYTES = 5_000
"""The real service's limit for a request's text, markup included."""
BODY_BYTES = 1 << 20
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


class Refused(Exception):
    """A request that the service answers with an error."""


@dataclass
class Stand:
    """The engine, and what it was asked for since the start."""

    engine: Espeak
    catalogue: Catalogue
    calls: int = 0
    characters: int = 0


@dataclass(frozen=True)
class Asked:
    """A request for speech that can be carried out."""

    text: str
    ssml: bool
    offer: Offer
    speed: float
    pitch: float
    rate_hz: int | None


def build_app(stand: Stand) -> web.Application:
    """The server. One thread speaks, since the engine can do one thing at a time."""
    mouth = ThreadPoolExecutor(1)

    async def synthesize(request: web.Request) -> web.Response:
        try:
            asked = read_request(await request.json(), stand.catalogue)
        except (Refused, NoSuchVoice) as wrong:
            return error(400, str(wrong))
        except ValueError:
            return error(400, "Invalid JSON payload received.")
        spoken = await asyncio.get_running_loop().run_in_executor(mouth, _speak, stand, asked)
        stand.calls += 1
        stand.characters += len(asked.text)
        audio = base64.b64encode(to_wav(spoken)).decode()
        return web.json_response({"audioContent": audio})

    async def voices(request: web.Request) -> web.Response:
        listed = stand.catalogue.listed(request.query.get("languageCode", ""))
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
            {"status": "ok", "calls": stand.calls, "characters": stand.characters}
        )

    async def close(_app: web.Application) -> None:
        mouth.shutdown(wait=False)

    app = web.Application(client_max_size=BODY_BYTES, middlewares=[_plain])
    app.router.add_post("/v1/text:synthesize", synthesize)
    app.router.add_get("/v1/voices", voices)
    app.router.add_get("/_health", health)
    Faults(lambda _, status: error(status, "Injected fault.")).install(app)
    app.on_cleanup.append(close)
    return app


@web.middleware
async def _plain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No page in a browser may speak; what there is not is answered in the service's shape."""
    if is_from_page(request):
        return error(403, "Not for pages.")
    try:
        return await handler(request)
    except web.HTTPException as wrong:
        return error(wrong.status, HTTPStatus(wrong.status).phrase)


def error(status: int, message: str) -> web.Response:
    """An error in the JSON shape of Google's APIs."""
    told = {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}
    return web.json_response({"error": told}, status=status)


def read_request(body: Any, catalogue: Catalogue) -> Asked:
    """What is asked for. Raises Refused or NoSuchVoice with the service's sentence."""
    _only_known(body, "")
    parts = {name: body.get(name) or {} for name in _FIELDS[""]}
    for name, part in parts.items():
        _only_known(part, name)
    given, voice, audio = parts["input"], parts["voice"], parts["audioConfig"]
    text, ssml = given.get("text"), given.get("ssml")
    said = text if ssml is None else ssml
    if not isinstance(said, str) or not said or (text is not None and ssml is not None):
        raise Refused("Exactly one of `input.text` and `input.ssml` must be set.")
    if len(said.encode()) > MOST_BYTES:
        raise Refused(
            f"Either `input.text` or `input.ssml` is longer than the limit of {MOST_BYTES} bytes. "
            "This limit is different from quotas. To fix, reduce the byte length of the "
            "characters in this request, or consider using the Long Audio API."
        )
    if audio.get("audioEncoding") not in _LINEAR16:
        raise Refused("The stand-in speaks LINEAR16 alone.")
    rate = audio.get("sampleRateHertz") or None
    if rate is not None and rate not in RATES_HZ:
        raise Refused(f"Unsupported sample rate: {rate!r}.")
    gender = voice.get("ssmlGender", "")
    offer = catalogue.find(
        str(voice.get("languageCode", "")),
        str(voice.get("name", "")),
        _GENDERS.get(gender, "") if isinstance(gender, int) else str(gender),
    )
    return Asked(
        text=said,
        ssml=ssml is not None,
        offer=offer,
        speed=_within(audio.get("speakingRate") or 1.0, "speaking_rate", SPEED_RANGE),
        pitch=_within(audio.get("pitch") or 0.0, "pitch", PITCH_RANGE),
        rate_hz=rate,
    )


def _speak(stand: Stand, asked: Asked) -> Spoken:
    manner = Manner(asked.offer.inside, asked.speed, asked.pitch)
    spoken = stand.engine.speak(asked.text, manner, ssml=asked.ssml)
    return spoken if asked.rate_hz is None else _resampled(spoken, asked.rate_hz)


def _resampled(spoken: Spoken, rate_hz: int) -> Spoken:
    """At another rate by straight lines between samples: good enough for a stand-in."""
    if rate_hz == spoken.rate_hz or not spoken.samples:
        return Spoken(spoken.pcm, rate_hz)
    source = array("h", spoken.pcm)
    last = len(source) - 1
    step = spoken.rate_hz / rate_hz
    out = array("h")
    for n in range(len(source) * rate_hz // spoken.rate_hz):
        at = n * step
        low = int(at)
        high = source[min(low + 1, last)]
        out.append(round(source[low] + (high - source[low]) * (at - low)))
    return Spoken(out.tobytes(), rate_hz)


def _within(value: Any, name: str, limits: tuple[float, float]) -> float:
    low, high = limits
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else low - 1
    if not low <= number <= high:
        raise Refused(f"Invalid {name} {json.dumps(value)}; it must be {low:g} to {high:g}.")
    return float(number)


def _only_known(part: Any, name: str) -> None:
    if not isinstance(part, Mapping):
        raise Refused("Invalid JSON payload received.")
    for key in part:
        if key not in _FIELDS[name]:
            where = f" at '{name}'" if name else ""
            raise Refused(
                f'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.'
            )
