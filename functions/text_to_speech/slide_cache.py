"""The cache of the speech of slides: trimmed, joined and timed, for all jobs of an owner."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from functions.text_to_speech.sentences import Sentence
from shared.entrypoints.stage import UnitContext
from shared.pipeline import NARRATION_CACHE_PREFIX, NARRATION_PREFIX
from shared.recipes.films.narration import SpokenSentence
from shared.recipes.films.speech import SpeechSettings
from shared.recipes.results import SpeechPart
from shared.recipes.stored_object import StoredObject
from shared.runtime.owner_cache import OwnerCache, content_key

SPEECH_VERSION = 2
"""Increment when the concatenation of the same sentences changes."""
_TIMES = "speech"
"""The key of the metadata that holds the times of the sentences."""
MAX_TIMES_BYTES = 7_000
"""Of 8 KiB that the metadata of an object may have: about 200 sentences."""


class SlideSpeechCache:
    """The speech of one slide. An entry is a WAV, under the key of the slide, with the times of its
    sentences as metadata: one request finds and copies it.

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
        self._folder = f"{NARRATION_PREFIX}{context.job.id}/"
        self._texts = [sentence.text for sentence, _ in sentences]
        rows = [
            [sentence.text, unicodedata.normalize("NFC", spoken), sentence.ends_paragraph]
            for sentence, spoken in sentences
        ]
        self._key = content_key("slide speech", SPEECH_VERSION, engine, settings.to_dict(), rows)

    def copy_to_job(self, number: int) -> tuple[StoredObject, SpeechPart] | None:
        """Copies the speech to the job, as that of slide `number`. Returns the WAV and the result,
        or None if it is not cached."""
        wav = self._cache.copy_live(self._key, f"{self._folder}{number:02d}-{self._key[:32]}.wav")
        if wav is None:
            return None
        facts = json.loads(wav.metadata[_TIMES])
        sentences = tuple(
            SpokenSentence(text, start, end, tuple(resumes))
            for text, (start, end, resumes) in zip(self._texts, facts.pop("times"), strict=True)
        )
        part = SpeechPart(number, sentences, hits=len(sentences), calls=0, characters=0, **facts)
        return wav, part

    def add(self, wav: StoredObject, part: SpeechPart) -> None:
        """Adds the speech of a slide, from the WAV that was written for the job. Speech with very
        many sentences is not added."""
        facts: Mapping[str, Any] = {
            "rate_hz": part.rate_hz,
            "samples": part.samples,
            "voice": part.voice,
            "content": part.content,
            "times": [[row.start, row.end, row.resumes] for row in part.sentences],
        }
        times = json.dumps(facts, separators=(",", ":"))
        if len(times) <= MAX_TIMES_BYTES:
            self._cache.add(self._key, wav, {_TIMES: times})
