"""The voices of films: their list, and a sample of each."""

from __future__ import annotations

import hashlib
import json

from functions.api import rate_limit_policies
from functions.api.voices.schemas import VoiceList, VoicesQuery, voice_view
from shared.entrypoints import bootstrap
from shared.errors import NotFound
from shared.http.limits.rate_limits import consume
from shared.http.request import ApiRequest, ApiResponse
from shared.pipeline import NARRATION_PREFIX, Bucket
from shared.recipes.films.speech import SpeechSettings
from shared.recipes.films.voice_samples import sample_text
from shared.recipes.films.voices import Voice, filter_voices
from shared.recipes.films.wav import to_wav
from shared.runtime.results_writer import read_object, write_once

SAMPLES_FOLDER = f"{NARRATION_PREFIX}voice-samples/"
"""Samples are the same for all users. The lifecycle rule of the bucket deletes them."""


def list_voices(request: ApiRequest) -> ApiResponse:
    """Returns the voices of the service, of one language if it is given. Raises the errors of the
    service if it has not listed them."""
    language = request.query(VoicesQuery).language
    listed = bootstrap.voices()
    voices = sorted(filter_voices(listed.require(), language), key=lambda row: not row.is_neural)
    default = listed.choose(language) if language else None
    return ApiResponse(
        VoiceList(
            voices=tuple(map(voice_view, voices)),
            default=None if default is None else default.name,
        )
    )


def get_sample(request: ApiRequest) -> ApiResponse:
    """Returns a sentence that the voice speaks, as a WAV file.

    Each voice is synthesized once for all users, so that samples cost the operator little. Raises
    NotFound, LimitReached, and the errors of the service.
    """
    name = request.path_params["voice"]
    voice = next((voice for voice in bootstrap.voices().require() if voice.name == name), None)
    if voice is None:
        raise NotFound("There is no such voice.")
    rate_limit = consume(
        request, rate_limit_policies.voice_samples(request.settings), request.user.uid
    )
    return ApiResponse(content=_read_sample(request, voice), headers=rate_limit.headers)


def _read_sample(request: ApiRequest, voice: Voice) -> bytes:
    objects, synthesizer = request.services.objects, bootstrap.voice()
    text = sample_text(voice.languages[0])
    content = json.dumps([synthesizer.engine, voice.name, text]).encode()
    key = hashlib.sha256(content).hexdigest()
    name = f"{SAMPLES_FOLDER}{key}.wav"
    stored = objects.stat(Bucket.WORK, name)
    if stored is None:
        settings = SpeechSettings(voice.languages[0], voice.name)
        wav = to_wav(synthesizer.synthesize(text, settings))
        stored = write_once(objects, Bucket.WORK, name, wav, content_type="audio/wav", spec=key)
    return read_object(objects, stored)
