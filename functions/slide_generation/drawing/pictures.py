"""The pictures of a job: where each lies, which slide gets which, and who draws what is missing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from functions.slide_generation.deck.deck_result import WrittenDeck
from functions.slide_generation.deck.deck_store import read_picture_source
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.errors import MoodreelError, PermanentError, SourceExpired, TransientError
from shared.media.images.still import read_picture
from shared.pipeline import SLIDES_PREFIX, Bucket
from shared.ports.models import Illustrator, PictureRequest
from shared.privacy.data_requests import owner_hash
from shared.recipes.emotions.results import EmotionsResult, MoodPoint
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.deck_pictures import (
    DRAWN_PREFIX,
    MOOD_CHART,
    PictureSource,
    list_pictures,
)
from shared.runtime.results_writer import write_once

_WORD = re.compile(r"[^\W\d_]{4,}")
_UPLOAD = "upload:"


@dataclass(frozen=True)
class JobPictures:
    """What the stages before recorded, and what was drawn for this owner."""

    context: UnitContext
    sources: Mapping[str, PictureSource]

    @classmethod
    def of(cls, context: UnitContext) -> JobPictures:
        """All pictures that the job's slides may show."""
        return cls(context, list_pictures(context.job.facts))

    @property
    def mood(self) -> Sequence[MoodPoint]:
        """How the video's mood moved."""
        emotions = EmotionsResult.find(self.context.job.facts)
        return () if emotions is None else emotions.mood

    def key(self, reference: str | None) -> Any:
        """What a slide's picture is made of, JSON-able: two slides that show the same are one."""
        if reference is None or reference.startswith(DRAWN_PREFIX):
            return reference
        if reference == MOOD_CHART:
            return [row.to_dict() for row in self.mood]
        place = self.sources.get(reference)
        return None if place is None else place.to_dict()

    def load(self, reference: str, size: tuple[int, int]) -> Image.Image:
        """RGB, upright, cut to `size` around the face that it is about, else around its middle.
        Raises SourceExpired when it is gone, and what reading a picture raises."""
        place = (
            self._drawn(reference)
            if reference.startswith(DRAWN_PREFIX)
            else self.sources[reference]
        )
        face = place.face
        # Where a face is, is told in the picture's own pixels; all others may be decoded smaller.
        most_side_px = None if face else max(size)
        try:
            whole = read_picture(read_picture_source(self.context.objects, place), most_side_px)
        except PermanentError as wrong:
            raise type(wrong)(f"{self._told(reference)}: {wrong}") from wrong
        return crop_picture(whole, size, face or (whole.width / 2, whole.height / 2))

    def _told(self, reference: str) -> str:
        """A picture as a person knows it."""
        return next((name for one, name in self.uploads() if one == reference and name), reference)

    def uploads(self) -> list[tuple[str, str]]:
        """References to what was uploaded, each with its file's name."""
        names = {f"{_UPLOAD}{one.name}": one.filename for one in self.context.job.inputs}
        return [(one, names.get(one, "")) for one in self.sources if one.startswith(_UPLOAD)]

    def _drawn(self, reference: str) -> PictureSource:
        name = self.drawing_name(reference)
        there = self.context.objects.stat(Bucket.WORK, name)
        if there is None:
            raise SourceExpired("A picture that was drawn for a slide is no longer there.")
        return PictureSource.from_stored_object(there)

    def drawing_name(self, reference: str) -> str:
        """Where a picture that a model drew lies: with its owner, for all of the owner's jobs."""
        key = reference.removeprefix(DRAWN_PREFIX)
        return f"{SLIDES_PREFIX}{owner_hash(self.context.job.owner)}/{key}.picture"


def crop_picture(
    picture: Image.Image, size: tuple[int, int], centre: Sequence[float]
) -> Image.Image:
    """The largest piece of the picture in the proportions of `size`, with `middle` (x, y in px) as
    near to its own middle as the edges allow."""
    scale = min(picture.width / size[0], picture.height / size[1])
    width, height = size[0] * scale, size[1] * scale
    left = max(0.0, min(centre[0] - width / 2, picture.width - width))
    top = max(0.0, min(centre[1] - height / 2, picture.height - height))
    # Rounding must not lead outside: Pillow refuses it.
    box = (left, top, min(left + width, picture.width), min(top + height, picture.height))
    return picture.resize(size, Image.Resampling.LANCZOS, box=box)


def add_pictures(
    written_deck: WrittenDeck, pictures: JobPictures, options: DeckOptions
) -> WrittenDeck:
    """The deck with pictures on its slides of points: the person's own first, then what a model
    draws where the operator has one and the person did not decline."""
    if options.pictures == "none":
        return written_deck
    deck, placed = place_uploads(written_deck.deck, pictures.uploads())
    warnings = list(written_deck.warnings)
    left = len(pictures.uploads()) - placed
    if left:
        warnings.append(
            f"{left} of the pictures found no slide: there are more of them than slides that can "
            "show one."
        )
    illustrator = bootstrap.illustrator() if options.pictures == "all" else None
    if illustrator is not None:
        deck, said = _with_drawings(deck, pictures, illustrator)
        warnings += said
    return replace(written_deck, deck=deck, warnings=tuple(warnings))


def place_uploads(deck: Deck, uploads: Sequence[tuple[str, str]]) -> tuple[Deck, int]:
    """Pictures by (reference, file name) onto slides between the first and the last: where the
    name speaks of what the slide says, else in their order and evenly apart; → the deck and how
    many were placed."""
    slides = list(deck.slides)
    free = [n for n, one in enumerate(slides) if one.layout == "bullets"]
    if len(uploads) > len(free):
        # A statement is strongest alone, but better beside a picture than the picture nowhere.
        free = [n for n, one in enumerate(slides) if one.layout in ("bullets", "statement")]
    waiting = list(uploads)[: len(free)]
    placed = len(waiting)
    for one in list(waiting):
        said = {word.casefold() for word in _WORD.findall(one[1].rpartition(".")[0])}
        fits = {n: len(said & _words(slides[n])) for n in free}
        best = max(free, key=lambda n: fits[n], default=None)
        if best is not None and fits[best]:
            slides[best] = _showing(slides[best], one[0])
            free.remove(best)
            waiting.remove(one)
    for n, one in enumerate(waiting):
        # Evenly apart, each in the middle of its share of the slides.
        place = free[(2 * n + 1) * len(free) // (2 * len(waiting))]
        slides[place] = _showing(slides[place], one[0])
    return replace(deck, slides=tuple(slides)), placed


def _with_drawings(
    deck: Deck, album: JobPictures, illustrator: Illustrator
) -> tuple[Deck, list[str]]:
    """A drawing for every slide of points that shows none. What cannot be drawn is left out."""
    slides, missing = list(deck.slides), 0
    for n, slide in enumerate(slides):
        if slide.layout != "bullets":
            continue
        album.context.check()
        try:
            slides[n] = _showing(slide, _drawing(deck, slide, album, illustrator))
        except MoodreelError as fault:
            if isinstance(fault, TransientError) and not album.context.is_last_attempt:
                raise
            album.context.log("slide.illustration_failed", severity="WARNING", reason=fault.code)
            missing += 1
    many = "1 slide has" if missing == 1 else f"{missing} slides have"
    said = [f"{many} no picture: none could be drawn."] if missing else []
    return replace(deck, slides=tuple(slides)), said


def _drawing(deck: Deck, slide: Slide, album: JobPictures, illustrator: Illustrator) -> str:
    """The reference to a drawing, which is made once for the same words."""
    width, height = deck.size
    wish = PictureRequest(slide.heading, slide.bullets, slide.notes, deck.language, width, height)
    content = [album.context.job.owner, illustrator.engine, wish.to_list()]
    key = hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
    reference = DRAWN_PREFIX + key
    name = album.drawing_name(reference)
    if album.context.objects.stat(Bucket.WORK, name) is None:
        data = illustrator.draw(wish)
        # What is no picture is not kept.
        read_picture(data, max(deck.size))
        write_once(
            album.context.objects,
            Bucket.WORK,
            name,
            data,
            content_type="application/octet-stream",
            spec=key,
        )
    return reference


def _showing(slide: Slide, reference: str) -> Slide:
    return replace(slide, layout="picture", picture=reference)


def _words(slide: Slide) -> set[str]:
    said = " ".join((slide.heading, *slide.bullets, slide.notes))
    return {word.casefold() for word in _WORD.findall(said)}
