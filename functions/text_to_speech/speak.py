"""A part of text_to_speech: the notes of one slide."""

from __future__ import annotations

import hashlib
import json

from functions.text_to_speech.concatenate import concatenate_speech
from functions.text_to_speech.sentences import Sentence, split_sentences
from functions.text_to_speech.speech_cache import SpeechCache
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.jobs.claims import UnitDone
from shared.pipeline import NARRATION_PREFIX, Bucket
from shared.recipes.films.deck import parse_language_tag
from shared.recipes.films.narration import SpokenSentence
from shared.recipes.films.speech import SpeechAudio, SpeechSettings
from shared.recipes.films.wav import to_wav
from shared.recipes.results import SpeechPart
from shared.recipes.stored_object import StoredObject

SPEECH_VERSION = 1
"""Raised when the same sentences would be joined otherwise."""


def speak_slide(context: UnitContext) -> UnitDone:
    """Speak every sentence that was not spoken before; write the slide's speech once.

    The spec: {"slide", "text", "language", "voice", "speed", "pitch"}.
    """
    number, settings = int(context.spec["slide"]), _settings(context)
    before = SpeechCache(context.objects, bootstrap.voice(), context.job.owner)
    pieces: list[tuple[Sentence, SpeechAudio]] = []
    for sentence in split_sentences(str(context.spec["text"]), settings.language):
        context.check()
        pieces.append((sentence, before.synthesize(sentence.text, settings)))
    counted = {"hits": before.hits, "calls": before.calls, "characters": before.characters}
    context.log("slide.spoken", slide=number, **counted)
    if not pieces:
        return UnitDone(facts=SpeechPart(number, (), **counted).to_dict())
    speech, times = concatenate_speech(pieces)
    stored, adopted = _write(context, number, speech)
    sentences = tuple(SpokenSentence(one.text, one.start, one.end) for one in times)
    result = SpeechPart(
        number, sentences, **counted, rate_hz=speech.rate_hz, samples=speech.samples
    )
    return UnitDone(
        (stored.to_artifact("speech", "narration"),), facts=result.to_dict(), adopted=adopted
    )


def _settings(context: UnitContext) -> SpeechSettings:
    try:
        language = parse_language_tag(context.spec["language"])
        return SpeechSettings.parse({**context.spec, "language": language})
    except ValueError as wrong:
        raise InvalidOption(str(wrong)) from wrong


def _write(context: UnitContext, number: int, speech: SpeechAudio) -> tuple[StoredObject, bool]:
    # The address is the content's own: whatever is adopted has these very samples.
    content = json.dumps([SPEECH_VERSION, speech.rate_hz]).encode() + speech.pcm
    spec = hashlib.sha256(content).hexdigest()
    name = f"{NARRATION_PREFIX}{context.job.id}/{number:02d}-{spec[:12]}.wav"
    with context.objects.create(Bucket.WORK, name, content_type="audio/wav", spec=spec) as writer:
        writer.write(to_wav(speech))
    return writer.stored_object, writer.adopted
