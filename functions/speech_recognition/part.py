"""A part of speech_recognition: recognizes the speech of one window of the sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from functions.speech_recognition.activity import (
    Span,
    find_pauses,
    find_quiet_point,
    find_speech,
)
from functions.speech_recognition.ranges import divide_speech
from functions.speech_recognition.request_store import RequestStore
from functions.speech_recognition.sound import Sound, read_sound
from functions.speech_recognition.window import RecognizedWindow
from functions.speech_recognition.words import (
    SpokenWord,
    move_out_of_pauses,
    place_words,
)
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.jobs.model import Job
from shared.jobs.units.outcomes import UnitDone
from shared.media.errors import NoSound, UndecodableSound
from shared.pipeline import TRANSCRIPTS_PREFIX, Bucket
from shared.ports.speech_recognition import SAMPLE_RATE_HZ
from shared.recipes.captions.options import AUTO_LANGUAGE, parse_spoken_language
from shared.recipes.captions.results import (
    MEDIA_INPUT,
    WINDOW_S,
    SpeechWindow,
    SpeechWindowResult,
    find_spoken_upload,
)
from shared.recipes.captions.transcript import format_clock
from shared.recipes.upload_results import Upload, Uploads
from shared.runtime.owner_cache import content_key
from shared.runtime.results_writer import find_json, find_object, write_json_once

WINDOW_VERSION = 2
"""Increase when the same sound gives other words, so that older ones are not adopted."""
WORDS = "words"
"""The name and the kind of the artifact of a part."""
_MIN_OVERLAP_S, _MAX_OVERLAP_S = 1, 6
"""A window ends at the quietest point so long after its border, and begins at the one so long
before it: the words at a border are complete in both neighbours."""
_MAX_REST_S = WINDOW_S
"""How much longer than the file states its sound may be."""


def recognize_window(context: UnitContext) -> UnitDone:
    """Recognizes the speech of a window, and writes its words once.

    Raises the errors of `SpeechRecognizer.recognize` and of `read_sound`, but for damaged sound.
    """
    window = SpeechWindow.from_dict(context.spec)
    upload = find_spoken_upload(Uploads.require(context.job.facts))
    language = find_language(context.job)
    recognizer = bootstrap.recognizer()
    key = content_key(
        WINDOW_VERSION, list(upload.stored_object.version), window.to_dict(), language,
        recognizer.engine,
    )  # fmt: skip
    name = f"{TRANSCRIPTS_PREFIX}{context.job.id}/{window.window:03d}-{key[:32]}.json"
    found = find_json(context.objects, Bucket.WORK, name, key)
    if found is None:
        recognized = _recognize(
            context, window, upload, RequestStore(context, recognizer, language)
        )
        write_json_once(context.objects, Bucket.WORK, name, recognized.to_dict(), spec=key)
    else:
        recognized = RecognizedWindow.from_dict(found)
    stored = find_object(context.objects, Bucket.WORK, name, key)
    assert stored is not None, "it was found or written"  # noqa: S101 - see above
    figures = recognized.result.to_dict()
    context.log("window.recognized", reused=found is not None, **figures)
    return UnitDone((stored.to_artifact(WORDS, WORDS),), facts=figures, adopted=found is not None)


def find_language(job: Job) -> str:
    """Returns the spoken language of captions, otherwise "auto": the `language` of another recipe
    is that of its deck. Raises InvalidOption."""
    if job.recipe.find_input(MEDIA_INPUT) is None:
        return AUTO_LANGUAGE
    try:
        return parse_spoken_language(job.options.get("language", AUTO_LANGUAGE))
    except ValueError as error:
        raise InvalidOption(str(error)) from error


def _recognize(
    context: UnitContext, window: SpeechWindow, upload: Upload, store: RequestStore
) -> RecognizedWindow:
    begin_s = max(0, window.begin_s - _MAX_OVERLAP_S)
    end_s = (
        window.begin_s + WINDOW_S + _MAX_REST_S
        if window.end_s is None
        else window.end_s + _MAX_OVERLAP_S
    )
    try:
        sound = read_sound(context, upload, begin_s, end_s)
    except UndecodableSound:
        sound = Sound(np.zeros(0, np.int16), begin_s, is_complete=False)
    except NoSound:
        # `captions` refuses such a file; other recipes take a video without sound.
        sound = Sound(np.zeros(0, np.int16), begin_s)
    limits = _find_limits(sound, window)
    speech = find_speech(sound.samples)
    ranges = divide_speech(sound.samples, speech, limits)
    words: list[SpokenWord] = []
    for number, span in enumerate(ranges):
        context.check()
        samples = sound.samples[span.start : span.end]
        recognition = move_out_of_pauses(store.recognize(samples.tobytes()), find_pauses(samples))
        begin, end = sound.to_seconds(span.start), sound.to_seconds(span.end)
        words += place_words(recognition, begin, end, f"{window.window}-{number}")
        context.report_progress((number + 1) / len(ranges))
    result = SpeechWindowResult(
        window.window,
        len(words),
        _duration_s(speech),
        _duration_s(ranges),
        calls=store.calls,
        hits=store.hits,
    )
    return RecognizedWindow(
        result,
        store.engine,
        sound.to_seconds(limits.start),
        sound.to_seconds(limits.end),
        tuple(words),
        tuple(_describe_losses(sound, window, end_s)),
        is_damaged=not sound.is_complete,
    )


def _find_limits(sound: Sound, window: SpeechWindow) -> Span:
    """Returns where the window begins and ends: in the overlap with its neighbours, where it is
    quietest."""
    start, end = 0, len(sound.samples)
    if window.begin_s:
        start = find_quiet_point(
            sound.samples,
            sound.to_sample(window.begin_s - _MAX_OVERLAP_S),
            sound.to_sample(window.begin_s - _MIN_OVERLAP_S),
        )
    if window.end_s is not None and sound.end_s > window.end_s + _MIN_OVERLAP_S:
        end = find_quiet_point(
            sound.samples,
            sound.to_sample(window.end_s + _MIN_OVERLAP_S),
            sound.to_sample(window.end_s + _MAX_OVERLAP_S),
        )
    return Span(start, end)


def _describe_losses(sound: Sound, window: SpeechWindow, end_s: float) -> list[str]:
    """Returns warnings about sound that was not recognized."""
    if not sound.is_complete:
        until = "the end" if window.end_s is None else format_clock(window.end_s)
        begin_s = max(sound.end_s, window.begin_s)
        return [
            f"The sound from {format_clock(begin_s)} to {until} is damaged and has no captions."
        ]
    if window.end_s is None and sound.end_s >= end_s:
        return [
            f"The sound goes on after {format_clock(end_s)}, longer than the file states; the "
            "rest has no captions."
        ]
    return []


def _duration_s(spans: Sequence[Span]) -> float:
    return round(sum(span.length for span in spans) / SAMPLE_RATE_HZ, 3)
