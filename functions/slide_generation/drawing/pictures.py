"""The pictures of a job: loads them, and assigns uploads to slides."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from functions.slide_generation.deck.deck_store import read_picture_source
from shared.entrypoints.stage import UnitContext
from shared.errors import PermanentError, SourceExpired, UploadDiffers
from shared.media.errors import PictureTooLarge
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS, SLIDES_PREFIX, Bucket
from shared.privacy.data_requests import owner_hash
from shared.recipes.emotions.results import EmotionsResult, MoodPoint
from shared.recipes.films.added_pictures import (
    ADDED_PREFIX,
    MAX_ADDED_BYTES,
    added_object_name,
)
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.deck_pictures import (
    DRAWN_PREFIX,
    MOOD_CHART,
    PictureSource,
    list_pictures,
)
from shared.recipes.films.slides.layouts import to_bullets

_WORD = re.compile(r"[^\W\d_]{4,}")
_UPLOAD = "upload:"
_KEPT_LAYOUTS = ("title", "closing", "picture", "chart")
_CROP = declare_work(
    "functions.slide_generation.drawing.picture_decoder", "crop_in_sandbox", "picture"
)


@dataclass(frozen=True)
class JobPictures:
    """The pictures that preceding stages recorded, and those drawn for the job's owner."""

    context: UnitContext
    sources: Mapping[str, PictureSource]

    @classmethod
    def of(cls, context: UnitContext) -> JobPictures:
        """Returns all pictures that the job's slides may show."""
        return cls(context, list_pictures(context.job.facts))

    @property
    def mood(self) -> Sequence[MoodPoint]:
        """The mood of the video over time; empty without an emotion timeline."""
        emotions = EmotionsResult.find(self.context.job.facts)
        return () if emotions is None else emotions.mood

    def key(self, reference: str | None) -> Any:
        """Returns a JSON-able key of a picture; equal keys mean equal pictures. None if unknown."""
        if reference is None or reference.startswith((DRAWN_PREFIX, ADDED_PREFIX)):
            return reference
        if reference == MOOD_CHART:
            return [row.to_dict() for row in self.mood]
        source = self.sources.get(reference)
        return None if source is None else source.to_dict()

    def load(
        self, reference: str, size: tuple[int, int], focus: tuple[float, float] | None = None
    ) -> Image.Image:
        """Returns a picture, upright, in RGB, cropped to `size` around the focus, its face or its
        middle.

        Raises:
            SourceExpired: the picture no longer exists.
            PermanentError: the picture cannot be decoded.
        """
        source = self.sources.get(reference)
        data = self.read(reference)
        try:
            return self.decode(data, size, None if source is None else source.face, focus)
        except PermanentError as error:
            raise type(error)(f"{self._display_name(reference)}: {error}") from error

    def read(self, reference: str) -> bytes:
        """Returns the bytes of a picture. Raises SourceExpired if it no longer exists."""
        try:
            if reference.startswith(ADDED_PREFIX):
                return self._read_added(reference)
            source = (
                self._find_source(self.drawing_name(reference))
                if reference.startswith(DRAWN_PREFIX)
                else self.sources[reference]
            )
            return read_picture_source(self.context.objects, source)
        except PermanentError as error:
            raise type(error)(f"{self._display_name(reference)}: {error}") from error

    def _read_added(self, reference: str) -> bytes:
        """Returns the bytes of a picture that the user added. Raises SourceExpired, UploadDiffers,
        PictureTooLarge."""
        source = self._find_source(added_object_name(self.context.job.id, reference))
        if source.size_bytes > MAX_ADDED_BYTES:
            raise PictureTooLarge(f"The picture has more than {MAX_ADDED_BYTES // 10**6} MB.")
        data = read_picture_source(self.context.objects, source)
        if hashlib.sha256(data).hexdigest() != reference.removeprefix(ADDED_PREFIX):
            raise UploadDiffers("The picture is not the one that was announced; choose another.")
        return data

    def decode(
        self,
        data: bytes,
        size: tuple[int, int],
        face: Sequence[float] | None = None,
        focus: tuple[float, float] | None = None,
    ) -> Image.Image:
        """Returns a picture file, decoded in a sandbox process, upright, in RGB, cropped to `size`
        around the focus, its face or its middle. Raises the errors of `run_in_sandbox`."""
        result = run_in_sandbox(
            _CROP,
            size,
            face,
            focus,
            source=Source.from_bytes(data),
            limits=Limits.for_function(FUNCTIONS["slide_generation"]),
            check=self.context.check,
            label=self.context.job.id,
        )
        return Image.frombytes("RGB", size, result.value)

    def _display_name(self, reference: str) -> str:
        """Returns the name of the uploaded file, or the reference for other pictures."""
        added = {item.reference: item.filename for item in self.context.job.deck_pictures}
        return added.get(reference) or dict(self.uploads()).get(reference) or reference

    def uploads(self) -> list[tuple[str, str]]:
        """Returns (reference, file name) of the uploaded pictures."""
        names = {f"{_UPLOAD}{item.name}": item.filename for item in self.context.job.inputs}
        return [(ref, names.get(ref, "")) for ref in self.sources if ref.startswith(_UPLOAD)]

    def _find_source(self, name: str) -> PictureSource:
        stored = self.context.objects.stat(Bucket.WORK, name)
        if stored is None:
            raise SourceExpired("The picture of a slide is no longer there.")
        return PictureSource.from_stored_object(stored)

    def drawing_name(self, reference: str) -> str:
        """Returns the object name of a drawing, which all jobs of its owner share."""
        key = reference.removeprefix(DRAWN_PREFIX)
        return f"{SLIDES_PREFIX}{owner_hash(self.context.job.owner)}/{key}.picture"


def place_uploads(deck: Deck, uploads: Sequence[tuple[str, str]]) -> tuple[Deck, int]:
    """Places uploaded pictures on slides.

    A picture goes to the slide that has most words in common with its file name. The others are
    spread evenly over the remaining slides, in their order.

    Args:
        uploads: (reference, file name) of each picture.

    Returns:
        The deck, and the number of pictures placed.
    """
    slides = list(deck.slides)
    free = [n for n, slide in enumerate(slides) if slide.layout == "bullets"]
    if len(uploads) > len(free):
        # Statements and numbers look best alone, so they get a picture only if there are too few
        # other slides.
        free = [n for n, slide in enumerate(slides) if slide.layout not in _KEPT_LAYOUTS]
    pending = list(uploads)[: len(free)]
    placed = len(pending)
    for upload in list(pending):
        reference, filename = upload
        name_words = {word.casefold() for word in _WORD.findall(filename.rpartition(".")[0])}
        matches = {n: len(name_words & _slide_words(slides[n])) for n in free}
        best = max(free, key=lambda n: matches[n], default=None)
        if best is not None and matches[best]:
            slides[best] = set_picture(slides[best], reference)
            free.remove(best)
            pending.remove(upload)
    for n, (reference, _) in enumerate(pending):
        # Evenly spaced, each in the middle of its share of the slides.
        index = free[(2 * n + 1) * len(free) // (2 * len(pending))]
        slides[index] = set_picture(slides[index], reference)
    return replace(deck, slides=tuple(slides)), placed


def set_picture(slide: Slide, reference: str) -> Slide:
    """Returns the slide with a picture beside its bullets."""
    return replace(to_bullets(slide), layout="picture", picture=reference)


def _slide_words(slide: Slide) -> set[str]:
    text = " ".join((slide.heading, *slide.bullets, slide.notes))
    return {word.casefold() for word in _WORD.findall(text)}
