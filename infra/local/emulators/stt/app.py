"""The REST API of Google's service: `POST /v2/projects/P/locations/L/recognizers/_:recognize`, and
`GET /v2/projects/P/locations/L`, which has the languages of the models.

`GET /_health` returns call counts. `POST /_faults` adds fault rules, see
infra.local.faults.inject.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from infra.local.emulators.google_service import InvalidRequest, error_response, handle_errors
from infra.local.emulators.stt.models import WhisperModel
from infra.local.emulators.stt.recognize_request import (
    MAX_CONTENT_BYTES,
    RecognizeRequest,
    parse_request,
)
from infra.local.emulators.stt.whisper import SAMPLE_RATE_HZ, Segment, Transcription, Whisper
from infra.local.faults.inject import Faults

MAX_BODY_BYTES = 2 * MAX_CONTENT_BYTES
"""Base64 adds a third."""
_LOCATION = "/v2/projects/{project}/locations/{location}"
_METADATA_TYPE = "type.googleapis.com/google.cloud.speech.v2.LocationsMetadata"
_FEATURES = ("automatic_punctuation", "word_level_confidence", "word_timestamps")


@dataclass
class EmulatorState:
    """The models with their folders by name, and the counts since the start."""

    models: Mapping[str, tuple[WhisperModel, Path]]
    whisper: Whisper = field(default_factory=Whisper)
    call_count: int = 0
    sound_s: float = 0.0


def build_app(state: EmulatorState) -> web.Application:
    """Returns the server. One sound is recognized at a time."""
    executor = ThreadPoolExecutor(1)
    turn = asyncio.Lock()

    async def recognize(request: web.Request) -> web.Response:
        if request.match_info["recognizer"] != "_":
            return error_response(404, "Unable to find Recognizer: the emulator stores none.")
        try:
            parsed = parse_request(
                await request.json(), request.match_info["location"], state.models
            )
        except InvalidRequest as error:
            return error_response(400, str(error))
        except ValueError:
            return error_response(400, "Invalid JSON payload received.")
        async with turn:
            # The client did not wait: nobody reads the words.
            if request.transport is None or request.transport.is_closing():
                return error_response(499, "The client has closed the connection.")
            transcription = await asyncio.get_running_loop().run_in_executor(
                executor, _transcribe, state, parsed
            )
        state.call_count += 1
        state.sound_s += len(parsed.samples) / 2 / SAMPLE_RATE_HZ
        return web.json_response(_to_json(transcription, parsed))

    async def get_location(request: web.Request) -> web.Response:
        languages: dict[str, dict[str, Any]] = {}
        for name, (model, _) in state.models.items():
            for language in model.languages:
                entry = languages.setdefault(language, {"modelFeatures": {}})
                entry["modelFeatures"][name] = {
                    "modelFeature": [
                        {"feature": feature, "releaseState": "GA"} for feature in _FEATURES
                    ]
                }
        location = request.match_info["location"]
        return web.json_response(
            {
                "name": f"projects/{request.match_info['project']}/locations/{location}",
                "locationId": location,
                "metadata": {"@type": _METADATA_TYPE, "languages": {"models": languages}},
            }
        )

    async def health(_request: web.Request) -> web.Response:
        return web.json_response(
            {
                "status": "ok",
                "calls": state.call_count,
                "sound_s": round(state.sound_s, 3),
                "cpu_s": round(time.process_time(), 3),
                "models": sorted(state.models),
            }
        )

    async def close(_app: web.Application) -> None:
        executor.shutdown(wait=False)

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[handle_errors])
    app.router.add_post(_LOCATION + "/recognizers/{recognizer}:recognize", recognize)
    app.router.add_get(_LOCATION, get_location)
    app.router.add_get("/_health", health)
    Faults(lambda _, status: error_response(status, "Injected fault.")).install(app)
    app.on_cleanup.append(close)
    return app


def _transcribe(state: EmulatorState, request: RecognizeRequest) -> Transcription:
    return state.whisper.transcribe(
        request.samples, request.model, request.folder, request.language
    )


def _to_json(transcription: Transcription, request: RecognizeRequest) -> dict[str, Any]:
    """Returns a RecognizeResponse. The service bills each begun second of sound."""
    billed_s = math.ceil(len(request.samples) / 2 / SAMPLE_RATE_HZ)
    response: dict[str, Any] = {"metadata": {"totalBilledDuration": f"{billed_s}s"}}
    if transcription.segments:
        response["results"] = [
            _segment_to_json(segment, transcription.language, request)
            for segment in transcription.segments
        ]
    return response


def _segment_to_json(segment: Segment, language: str, request: RecognizeRequest) -> dict[str, Any]:
    words = []
    for word in segment.words:
        fields: dict[str, Any] = {"word": word.text}
        if request.word_times:
            fields |= {"startOffset": f"{word.start_s:.3f}s", "endOffset": f"{word.end_s:.3f}s"}
        if request.word_confidence:
            fields["confidence"] = round(word.probability, 6)
        words.append(fields)
    alternative: dict[str, Any] = {
        "transcript": " ".join(word.text for word in segment.words),
        "confidence": round(segment.probability, 6),
    }
    if request.word_times or request.word_confidence:
        alternative["words"] = words
    return {
        "alternatives": [alternative],
        "resultEndOffset": f"{segment.words[-1].end_s:.3f}s",
        "languageCode": language,
    }
