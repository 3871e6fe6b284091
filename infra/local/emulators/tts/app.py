"""The REST API of Google's service: `POST /v1/text:synthesize` and `GET /v1/voices`.

`GET /_health` returns call counts. `POST /_faults` adds fault rules, see
infra.local.faults.inject.
"""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from aiohttp import web

from infra.local.emulators.google_service import InvalidRequest, error_response, handle_errors
from infra.local.emulators.tts.audio import resample
from infra.local.emulators.tts.espeak import Espeak, SpeechOptions
from infra.local.emulators.tts.piper import Piper
from infra.local.emulators.tts.speech_request import SpeechRequest, parse_request
from infra.local.emulators.tts.voices import Catalogue, VoiceNotFound
from infra.local.faults.inject import Faults
from shared.recipes.films.speech import SpeechAudio
from shared.recipes.films.wav import to_wav

MAX_BODY_BYTES = 1 << 20


@dataclass
class EmulatorState:
    """The engines, their voices, and the counts since the start."""

    espeak: Espeak
    catalogue: Catalogue
    piper: Piper = field(default_factory=Piper)
    call_count: int = 0
    character_count: int = 0


def build_app(state: EmulatorState) -> web.Application:
    """Returns the server. espeak-ng is not thread-safe, so one thread runs the engines."""
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

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[handle_errors])
    app.router.add_post("/v1/text:synthesize", synthesize)
    app.router.add_get("/v1/voices", list_voices)
    app.router.add_get("/_health", health)
    Faults(lambda _, status: error_response(status, "Injected fault.")).install(app)
    app.on_cleanup.append(close)
    return app


def _speak(state: EmulatorState, request: SpeechRequest) -> SpeechAudio:
    voice = request.voice
    if voice.neural_files is None:
        options = SpeechOptions(voice.espeak_voice, request.speed, request.pitch)
        speech = state.espeak.speak(request.text, options, ssml=request.ssml)
    else:
        speech = state.piper.speak(request.text, voice.neural_files, request.speed, request.pitch)
    return speech if request.rate_hz is None else resample(speech, request.rate_hz)
