"""The cache of the speech of slides: trimmed, joined and timed, for all jobs of an owner."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from functions.text_to_speech.sentences import Sentence
from shared.entrypoints.stage import UnitContext
from shared.pipeline import NARRATION_CACHE_PREFIX
from shared.recipes.films.speech import SpeechSettings
from shared.recipes.results import SpeechPart
from shared.recipes.stored_object import StoredObject
from shared.runtime.owner_cache import OwnerCache, content_key, describe

SPEECH_VERSION = 2
"""Increment when the concatenation of the same sentences changes."""


class SlideSpeechCache:
    """The speech of one slide. An entry is a WAV, under the hash of its content, and the times of
    its sentences, under the key of the slide, which name the WAV.

    Args:
        sentences: Each with its text as it is spoken.
        engine: The name and version of the voice's service.
    """

    def __init__(
        self,
        context: UnitContext,
        sentences: Sequence[tuple[Sentence, str]],
        settings: SpeechSettings,
        engine: str,
    ) -> None:
        self._cache = OwnerCache(context.objects, NARRATION_CACHE_PREFIX, context.job.owner)
        rows = [
            [sentence.text, unicodedata.normalize("NFC", spoken), sentence.ends_paragraph]
            for sentence, spoken in sentences
        ]
        self._key = content_key("speech", SPEECH_VERSION, engine, settings.to_dict(), rows)

    def find(self, number: int) -> tuple[Mapping[str, Any], SpeechPart] | None:
        """Returns the WAV, for `copy_wav`, and the result of slide `number`, or None."""
        entry = self._cache.read_json(self._key)
        if entry is None:
            return None
        part = SpeechPart.from_dict(entry["part"])
        hits = len(part.sentences)
        return entry["wav"], replace(part, slide=number, hits=hits, calls=0, characters=0)

    def copy_wav(self, wav: Mapping[str, Any], name: str) -> StoredObject | None:
        """Copies the WAV to the object `name` of the job. Returns None if it is gone."""
        return self._cache.copy_listed(wav, name, spec=wav["spec"])

    def add(self, wav: StoredObject, part: SpeechPart) -> None:
        """Adds the speech of a slide, from the WAV that was written for the job."""
        entry = self._cache.add(wav.spec, wav)
        row = {"wav": {**describe(entry), "spec": wav.spec}, "part": part.to_dict()}
        self._cache.write_json(self._key, row)
