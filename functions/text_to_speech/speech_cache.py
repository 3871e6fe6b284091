"""Sentences that were spoken before: no second paid call for the same words.

What a sentence sounded like is kept under its content's address, written once, and shared by all
jobs of one owner. It outlives a job; the bucket's lifecycle removes it.
"""

from __future__ import annotations

from shared.pipeline import NARRATION_PREFIX, Bucket
from shared.ports.models import SpeechSynthesizer
from shared.ports.objects import ObjectStore
from shared.privacy.data_requests import owner_hash
from shared.recipes.films.deck import speech_key
from shared.recipes.films.speech import SpeechAudio, SpeechSettings
from shared.recipes.films.wav import from_wav, to_wav
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import read_object


class SpeechCache:
    """The sentences of one owner. `hits` were found, `calls` were spoken anew."""

    def __init__(self, objects: ObjectStore, voice: SpeechSynthesizer, owner: str) -> None:
        self._objects = objects
        self._voice = voice
        self._owner = owner
        self._folder = owner_hash(owner)
        self.hits = 0
        self.calls = 0
        self.characters = 0

    def synthesize(self, text: str, settings: SpeechSettings) -> SpeechAudio:
        """The sentence as it was first spoken. Raises what the voice and the store raise."""
        key = speech_key(text, settings, self._voice.engine, self._owner)
        name = f"{NARRATION_PREFIX}{self._folder}/{key}.wav"
        there = self._objects.stat(Bucket.WORK, name)
        if there is not None:
            self.hits += 1
            return self._read(there)
        spoken = self._voice.synthesize(text, settings)
        self.calls += 1
        self.characters += len(text)
        with self._objects.create(Bucket.WORK, name, content_type="audio/wav", spec=key) as writer:
            writer.write(to_wav(spoken))
        # Somebody else may have been faster: two calls never sound exactly alike.
        return self._read(writer.stored_object) if writer.adopted else spoken

    def _read(self, stored: StoredObject) -> SpeechAudio:
        return from_wav(read_object(self._objects, stored))
