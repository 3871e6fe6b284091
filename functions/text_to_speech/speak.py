"""A part of text_to_speech: speaks the notes of one slide."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from functions.text_to_speech.concatenate import concatenate_speech
from functions.text_to_speech.sentences import Sentence, split_sentences
from functions.text_to_speech.slide_cache import SPEECH_VERSION, SlideSpeechCache
from functions.text_to_speech.speech_cache import SpeechCache
from functions.text_to_speech.spoken_text import to_spoken_text
from functions.text_to_speech.voice_choice import choose_voice
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import NARRATION_PREFIX, Bucket
from shared.recipes.films.deck_fields import parse_language_tag
from shared.recipes.films.narration import SpokenSentence
from shared.recipes.films.speech import SpeechAudio, SpeechSettings
from shared.recipes.films.wav import to_wav
from shared.recipes.results import SpeechPart
from shared.recipes.stored_object import StoredObject


def speak_slide(context: UnitContext) -> UnitDone:
    """Speaks every sentence that is not cached, and writes the speech of the slide once.

    The keys of the spec are slide, text, language, voice, speed and pitch. Without a voice, the one
    that was chosen for the job speaks.
    """
    number, settings = int(context.spec["slide"]), _settings(context)
    voice = bootstrap.voice()
    texts = [
        (sentence, to_spoken_text(sentence.text, settings.language))
        for sentence in split_sentences(str(context.spec["text"]), settings.language)
    ]
    if texts and not settings.voice:
        settings = replace(settings, voice=choose_voice(context, settings.language))
    slide_cache = SlideSpeechCache(context, texts, settings, voice.engine)
    if texts and (cached := _copy_cached(context, number, slide_cache)) is not None:
        return cached
    cache = SpeechCache(context.objects, voice, context.job.owner)
    sentences: list[tuple[Sentence, SpeechAudio]] = []
    for sentence, spoken_text in texts:
        context.check()
        sentences.append((sentence, cache.synthesize(spoken_text, settings)))
    counts = {"hits": cache.hits, "calls": cache.calls, "characters": cache.characters}
    context.log("slide.spoken", slide=number, **counts)
    if not sentences:
        return UnitDone(facts=SpeechPart(number, (), hits=0, calls=0, characters=0).to_dict())
    speech, times = concatenate_speech(sentences, settings.speed)
    stored, adopted = _write(context, number, speech)
    spoken = tuple(
        SpokenSentence(timed.text, timed.start, timed.end, timed.resumes) for timed in times
    )
    result = SpeechPart(
        number,
        spoken,
        **counts,
        rate_hz=speech.rate_hz,
        samples=speech.samples,
        voice=settings.voice,
        content=stored.spec,
    )
    slide_cache.add(stored, result)
    return UnitDone(
        (stored.to_artifact("speech", "narration"),), facts=result.to_dict(), adopted=adopted
    )


def _copy_cached(context: UnitContext, number: int, cache: SlideSpeechCache) -> UnitDone | None:
    """Returns the speech of the slide if another job of the owner had it spoken."""
    found = cache.copy_to_job(number)
    if found is None:
        return None
    stored, result = found
    counts = {"hits": result.hits, "calls": result.calls, "characters": result.characters}
    context.log("slide.spoken", slide=number, **counts)
    return UnitDone((stored.to_artifact("speech", "narration"),), facts=result.to_dict())


def _settings(context: UnitContext) -> SpeechSettings:
    try:
        language = parse_language_tag(context.spec["language"])
        return SpeechSettings.parse({**context.spec, "language": language})
    except ValueError as error:
        raise InvalidOption(str(error)) from error


def _write(context: UnitContext, number: int, speech: SpeechAudio) -> tuple[StoredObject, bool]:
    # The name is derived from the content, so an adopted object has exactly these samples.
    content = json.dumps([SPEECH_VERSION, speech.rate_hz]).encode() + speech.pcm
    spec = hashlib.sha256(content).hexdigest()
    name = f"{NARRATION_PREFIX}{context.job.id}/{number:02d}-{spec[:32]}.wav"
    with context.objects.create(Bucket.WORK, name, content_type="audio/wav", spec=spec) as writer:
        writer.write(to_wav(speech))
    return writer.stored_object, writer.adopted
