"""Recognizes sounds and stores their words: a crash repeats the paid request that was underway, and
no other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from shared.entrypoints.stage import UnitContext
from shared.pipeline import TRANSCRIPTS_PREFIX, Bucket
from shared.ports.speech_recognition import (
    Recognition,
    RecognitionRequest,
    RecognizedWord,
    SpeechRecognizer,
)
from shared.runtime.owner_cache import content_key
from shared.runtime.results_writer import find_json, write_json_once

_VERSION = 1
"""Increase when requests are stored in another form."""


class RequestStore:
    """Recognizes the sounds of one window, and stores the words of each.

    Attributes:
        engine: That of the recognizer.
        calls: Requests that were made.
        hits: Sounds that an earlier attempt had recognized.
    """

    def __init__(self, context: UnitContext, recognizer: SpeechRecognizer, language: str) -> None:
        self._objects, self._job_id = context.objects, context.job.id
        self._recognizer, self._language = recognizer, language
        self.engine = recognizer.engine
        self.calls = self.hits = 0

    def recognize(self, samples: bytes) -> Recognition:
        """Returns the words of a sound. Raises the errors of `SpeechRecognizer.recognize`."""
        digest = hashlib.sha256(samples).hexdigest()
        key = content_key(_VERSION, self._recognizer.engine, self._language, digest)
        name = f"{TRANSCRIPTS_PREFIX}{self._job_id}/requests/{key[:32]}.json"
        found = find_json(self._objects, Bucket.WORK, name, key)
        if found is not None:
            self.hits += 1
            return _from_json(found)
        recognition = self._recognizer.recognize(RecognitionRequest(samples, self._language))
        self.calls += 1
        write_json_once(self._objects, Bucket.WORK, name, _to_json(recognition), spec=key)
        return recognition


def _to_json(recognition: Recognition) -> Mapping[str, Any]:
    words = [
        [word.text, word.start_s, word.end_s, word.confidence, word.speaker]
        for word in recognition.words
    ]
    return {"language": recognition.language, "words": words}


def _from_json(data: Mapping[str, Any]) -> Recognition:
    return Recognition(tuple(RecognizedWord(*row) for row in data["words"]), data["language"])
