"""The cache of spoken sentences, which avoids a second paid call for the same text.

The audio of a sentence is stored under a hash of its text and settings. It is written once, shared
by all jobs of an owner, and outlives them; the lifecycle rule of the bucket deletes it.
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
    """The spoken sentences of one owner.

    Attributes:
        hits: Sentences that were cached.
        calls: Sentences that were synthesized.
        characters: The characters of the synthesized sentences.
    """

    def __init__(self, objects: ObjectStore, voice: SpeechSynthesizer, owner: str) -> None:
        self._objects = objects
        self._voice = voice
        self._owner = owner
        self._folder = owner_hash(owner)
        self.hits = 0
        self.calls = 0
        self.characters = 0

    def synthesize(self, text: str, settings: SpeechSettings) -> SpeechAudio:
        """Returns the cached audio of a sentence; synthesizes it first if there is none.

        Raises the errors of the voice and of the object store.
        """
        key = speech_key(text, settings, self._voice.engine, self._owner)
        name = f"{NARRATION_PREFIX}{self._folder}/{key}.wav"
        stored = self._objects.stat(Bucket.WORK, name)
        if stored is not None:
            self.hits += 1
            return self._read(stored)
        spoken = self._voice.synthesize(text, settings)
        self.calls += 1
        self.characters += len(text)
        with self._objects.create(Bucket.WORK, name, content_type="audio/wav", spec=key) as writer:
            writer.write(to_wav(spoken))
        # Another unit may have stored the sentence first. Two calls never return equal audio.
        return self._read(writer.stored_object) if writer.adopted else spoken

    def _read(self, stored: StoredObject) -> SpeechAudio:
        return from_wav(read_object(self._objects, stored))
