"""A part of text_to_speech: the notes of one slide."""

from __future__ import annotations

import hashlib
import json

from functions.text_to_speech.concatenate import joined
from functions.text_to_speech.sentences import Sentence, split
from functions.text_to_speech.speech_cache import SpokenBefore
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import Task
from shared.errors import InvalidOption
from shared.jobs.claims import Finished
from shared.pipeline import NARRATION_PREFIX, Bucket
from shared.recipes.films.deck import language_tag
from shared.recipes.films.narration import SpokenSentence
from shared.recipes.films.speech import SpeechSettings, Spoken
from shared.recipes.films.wav import to_wav
from shared.recipes.results import SpeechPart
from shared.recipes.stored_object import StoredObject

RECIPE_OF_SPEECH = 1
"""Raised when the same sentences would be joined otherwise."""


def speak(task: Task) -> Finished:
    """Speak every sentence that was not spoken before; write the slide's speech once.

    The spec: {"slide", "text", "language", "voice", "speed", "pitch"}.
    """
    number, settings = int(task.spec["slide"]), _settings(task)
    before = SpokenBefore(task.objects, bootstrap.voice(), task.job.owner)
    pieces: list[tuple[Sentence, Spoken]] = []
    for sentence in split(str(task.spec["text"]), settings.language):
        task.check()
        pieces.append((sentence, before.say(sentence.text, settings)))
    counted = {"hits": before.hits, "calls": before.calls, "characters": before.characters}
    task.log("slide.spoken", slide=number, **counted)
    if not pieces:
        return Finished(facts=SpeechPart(number, (), **counted).to_dict())
    speech, times = joined(pieces)
    stored, adopted = _write(task, number, speech)
    sentences = tuple(SpokenSentence(one.text, one.start, one.end) for one in times)
    result = SpeechPart(
        number, sentences, **counted, rate_hz=speech.rate_hz, samples=speech.samples
    )
    return Finished(
        (stored.artefact("speech", "narration"),), facts=result.to_dict(), adopted=adopted
    )


def _settings(task: Task) -> SpeechSettings:
    try:
        language = language_tag(task.spec["language"])
        return SpeechSettings.parse({**task.spec, "language": language})
    except ValueError as wrong:
        raise InvalidOption(str(wrong)) from wrong


def _write(task: Task, number: int, speech: Spoken) -> tuple[StoredObject, bool]:
    # The address is the content's own: whatever is adopted has these very samples.
    content = json.dumps([RECIPE_OF_SPEECH, speech.rate_hz]).encode() + speech.pcm
    spec = hashlib.sha256(content).hexdigest()
    name = f"{NARRATION_PREFIX}{task.job.id}/{number:02d}-{spec[:12]}.wav"
    with task.objects.create(Bucket.WORK, name, content_type="audio/wav", spec=spec) as writer:
        writer.write(to_wav(speech))
    return writer.stored, writer.adopted
