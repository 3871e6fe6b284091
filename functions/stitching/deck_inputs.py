"""The inputs of a film of slides: results of the earlier stages, options and uploads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from functions.stitching.film.motion import Box
from functions.stitching.film.segment_cache import SEGMENT_VERSION, encoder_versions
from functions.stitching.footage.footage import Footage
from functions.stitching.objects import hash_object, read_stored
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption, PermanentError
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.films.deck import Deck
from shared.recipes.films.narration import Narration, SlideSpeech
from shared.recipes.films.options import FilmOptions
from shared.recipes.films.speech import SpeechAudio
from shared.recipes.films.wav import from_wav
from shared.recipes.results import DeckResult, NarrationResult, SlideImage
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads
from shared.typography.versions import drawing_versions


class SlidesDoNotMatch(PermanentError):
    """The slides, their narration and the deck have different numbers of slides."""

    code = "slides-do-not-match"


@dataclass(frozen=True)
class DeckInputs:
    """The inputs of a film of slides, of one job."""

    objects: ObjectStore
    deck: Deck
    slides: Sequence[SlideImage]
    narration: Narration
    options: FilmOptions
    music: StoredObject | None
    footage: Footage | None = None

    @classmethod
    def from_context(cls, context: UnitContext) -> DeckInputs:
        """Reads the results of the earlier stages.

        Raises SlidesDoNotMatch, InvalidOption, and the errors of reading objects.
        """
        deck_result = DeckResult.require(context.job.facts)
        narration_result = NarrationResult.require(context.job.facts)
        deck = Deck.from_dict(json.loads(read_stored(context.objects, deck_result.deck)))
        narration = Narration.from_json(read_stored(context.objects, narration_result.narration))
        slides = deck_result.slides
        if not len(deck.slides) == len(slides) == len(narration.slides):
            raise SlidesDoNotMatch(
                f"There are {len(deck.slides)} slides in the deck, {len(slides)} drawn ones and "
                f"{len(narration.slides)} spoken ones."
            )
        try:
            options = FilmOptions.from_job(context.job.options)
        except ValueError as error:
            raise InvalidOption(str(error)) from error
        uploads = Uploads.find(context.job.facts)
        music = None if uploads is None else uploads.inputs.get("music")
        return cls(
            context.objects,
            deck,
            slides,
            narration,
            options,
            None if music is None else music.stored_object,
            Footage.from_context(context, deck),
        )

    @property
    def content(self) -> list[Any]:
        """All that the film depends on, as JSON values without the names of the job's objects: the
        film of another job with the same content is the same."""
        return [
            SEGMENT_VERSION,
            encoder_versions(),
            drawing_versions(),
            self.deck.to_dict(),
            self.slide_names,
            sorted(self.moving_boxes.items()),
            [
                [_name_speech(speech), [row.to_dict() for row in speech.sentences]]
                for speech in self.narration.slides
            ],
            self.options.to_dict(),
            None if self.music is None else hash_object(self.objects, self.music),
            *([] if self.footage is None else [self.footage.content]),
        ]

    @cached_property
    def slide_names(self) -> list[str]:
        """The names of the slides: those with the same one look the same."""
        # Earlier versions recorded no hash. The object of a slide is written once.
        return [slide.content or slide.stored_object.name for slide in self.slides]

    @cached_property
    def moving_boxes(self) -> dict[int, Box]:
        """The boxes of the pictures that move, by the number of their slide."""
        if self.options.motion != "gentle":
            return {}
        boxes = {n: slide.picture for n, slide in enumerate(self.slides)}
        return {n: box for n, box in boxes.items() if box is not None}

    def read_slide(self, number: int) -> bytes:
        """Returns the file of a drawn slide. Raises the errors of reading objects."""
        return read_stored(self.objects, self.slides[number].stored_object)

    def read_speech(self, number: int) -> SpeechAudio:
        """Returns the speech of a slide. Raises the errors of reading objects."""
        speech = self.narration.slides[number]
        stored = StoredObject(Bucket.WORK, speech.object, speech.generation, speech.size_bytes)
        return from_wav(read_stored(self.objects, stored))


def _name_speech(speech: SlideSpeech) -> str:
    """Returns a name that only speech with the same samples has."""
    # Earlier versions recorded no hash, and named each object by it.
    return speech.content or speech.object.rpartition("/")[2]
