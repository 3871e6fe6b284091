"""The drawn slides of a job: of an earlier attempt, of another job of the owner, or new."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from typing import Any

from PIL import Image

from functions.slide_generation.drawing.mood_chart import draw_mood_chart
from functions.slide_generation.drawing.pictures import JobPictures
from functions.slide_generation.drawing.plan import Box, mirror_box
from functions.slide_generation.drawing.renderer import SlideRenderer, encode_png
from functions.slide_generation.drawing.slide_cache import DeckSlideCache, drawn_slide_key
from functions.slide_generation.drawing.themes import THEMES
from shared.entrypoints.stage import UnitContext
from shared.errors import SourceExpired
from shared.pipeline import SLIDE_CACHE_PREFIX, SLIDES_PREFIX, Bucket
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_pictures import MOOD_CHART
from shared.recipes.results import SlideImage
from shared.recipes.stored_object import Artifact, StoredObject
from shared.runtime.owner_cache import OwnerCache, content_key, describe
from shared.runtime.results_writer import ResultsWriter, read_object, write_once

DRAWING_VERSION = 7
"""Increase when the same slide looks different, so that older pictures are not adopted."""


class JobSlides:
    """The slides of one deck of a job. `reused` of them existed already.

    Args:
        subtitle_area: See `SlideRenderer`.
    """

    def __init__(self, context: UnitContext, deck: Deck, subtitle_area: Fraction) -> None:
        self._context = context
        self._deck = deck
        self._subtitle_area = subtitle_area
        self._renderer = SlideRenderer(deck, subtitle_area)
        self._pictures = JobPictures.of(context)
        self._cache = OwnerCache(context.objects, SLIDE_CACHE_PREFIX, context.job.owner)
        self._key = lru_cache(maxsize=None)(self._compute_key)
        self._found = self._find_deck()
        self._entries: list[StoredObject | None] = []
        self.reused = 0

    def draw_missing(self) -> list[SlideImage]:
        """Returns the pictures of all slides, after drawing those that do not exist."""
        return list(self._draw_each())

    def write_archive(self, results: ResultsWriter, slides: Sequence[StoredObject]) -> Artifact:
        """Writes all slides as one ZIP file, or copies that of another job of the owner."""
        if self._found is not None:
            listed = self._cache.parse_listed(self._found[1])
            with suppress(SourceExpired):
                if listed is not None:
                    return results.copy(listed, "slides.zip", "slides")
        keys = [slide.spec for slide in slides]
        key = content_key("slides.zip", keys)
        entry = self._cache.find(key)
        if entry is not None:
            archive = results.copy(entry, "slides.zip", "slides")
        else:
            archive = results.write(
                "slides.zip", "slides", "application/zip", lambda: self._pack(slides)
            )
            entry = self._cache.add(key, archive.stored_object)
        entries = [entry for entry in self._entries if entry is not None]
        if len(entries) == len(slides):
            DeckSlideCache(self._cache, keys).add(entries, entry)
        return archive

    def _find_deck(self) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]] | None:
        # An edited deck has most of its slides in the job already.
        if self._context.envelope.revision:
            return None
        try:
            keys = [self._key(number) for number in range(len(self._deck.slides))]
        except SourceExpired:
            # A picture that is gone is needed only for a slide that is not drawn yet.
            return None
        return DeckSlideCache(self._cache, keys).find()

    def _draw_each(self) -> Iterator[SlideImage]:
        for number, slide in enumerate(self._deck.slides):
            self._context.check()
            self._context.report_progress(number / len(self._deck.slides))
            # By the version of the picture: it may be gone when the slide is needed again.
            key = content_key(self._inputs(number), self._pictures.key(slide.picture))
            name = f"{SLIDES_PREFIX}{self._context.job.id}/{key[:24]}.png"
            stored = self._find(number, name)
            self.reused += stored is not None
            if stored is None:
                stored = self._draw(number, name)
            has_picture = self._pictures.key(slide.picture) is not None
            box = self._renderer.moving_box(number) if has_picture else None
            yield SlideImage(stored, *self._deck.size, stored.spec, box)

    def _find(self, number: int, name: str) -> StoredObject | None:
        """Returns the slide of an earlier attempt or of another job, as the object `name`."""
        if self._found is not None:
            copy = self._cache.copy_listed(self._found[0][number], name, spec=self._key(number))
            if copy is not None:
                return copy
        # Not listed: a role for a folder does not include listing the bucket.
        stored = self._context.objects.stat(Bucket.WORK, name)
        if stored is not None:
            self._entries.append(None)
            return stored
        entry = self._cache.find(self._key(number))
        if entry is not None:
            stored = self._cache.copy_listed(describe(entry), name, spec=entry.spec)
        if stored is not None:
            self._entries.append(entry)
        return stored

    def _draw(self, number: int, name: str) -> StoredObject:
        data = encode_png(self._renderer.render(number, self.load_picture(number)))
        key = self._key(number)
        stored = write_once(
            self._context.objects, Bucket.WORK, name, data, content_type="image/png", spec=key
        )
        self._entries.append(self._cache.add(key, stored))
        return stored

    def load_picture(self, number: int, short_side_px: int | None = None) -> Image.Image | None:
        """Returns the picture or the chart of a slide, in the size of its box; None if it has
        none.

        Args:
            short_side_px: the short side of the page on which the box is; None for the deck's.

        Raises the errors of `JobPictures.load`.
        """
        reference = self._deck.slides[number].picture
        box = self._picture_box(number)
        if reference is None or box is None:
            return None
        scale = (short_side_px or min(self._deck.size)) / min(self._deck.size)
        size = round(box.width * scale), round(box.height * scale)
        if reference == MOOD_CHART:
            return draw_mood_chart(self._pictures.mood, size, THEMES[self._deck.theme])
        return self._pictures.load(reference, size, self._deck.slides[number].focus)

    def crop_picture(self, number: int, page: bytes) -> Image.Image | None:
        """Returns the picture of a slide from the PNG of the drawn slide; None if it has none."""
        box = self._picture_box(number)
        if box is None:
            return None
        if self._renderer.plan(number, picture=True).rtl:
            box = mirror_box(box, self._deck.size[0])
        left, top = round(box.x), round(box.y)
        drawn = self._pictures.decode(page, self._deck.size)
        return drawn.crop((left, top, left + round(box.width), top + round(box.height)))

    def describe_picture(self, number: int) -> str:
        """Returns a text for those who do not see the picture of a slide."""
        slide = self._deck.slides[number]
        return slide.alt or slide.heading

    def _picture_box(self, number: int) -> Box | None:
        """Returns the box of the picture of a slide, not mirrored; None if it shows none."""
        if self._pictures.key(self._deck.slides[number].picture) is None:
            return None
        return self._renderer.plan(number, picture=True).picture

    def _compute_key(self, number: int) -> str:
        """Returns the key of a slide in the cache. Raises the errors of `JobPictures.read`."""
        picture = self._deck.slides[number].picture
        return drawn_slide_key(self._inputs(number), self._pictures, picture)

    def _inputs(self, number: int) -> list[Any]:
        return drawing_inputs(self._deck, number, self._subtitle_area)

    def _pack(self, slides: Sequence[StoredObject]) -> bytes:
        """Returns a ZIP file of all slides, uncompressed because PNG is compressed already."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for number, slide in enumerate(slides, start=1):
                self._context.check()
                self._context.report_progress((number - 1) / len(slides))
                entry = zipfile.ZipInfo(f"slide_{number:02d}.png", (1980, 1, 1, 0, 0, 0))
                archive.writestr(entry, read_object(self._context.objects, slide))
        return buffer.getvalue()


def drawing_inputs(deck: Deck, number: int, subtitle_area: Fraction) -> list[Any]:
    """Returns all inputs of the drawing of a slide but its picture, as JSON values."""
    slide = deck.slides[number].to_dict()
    shown = {name: slide[name] for name in slide if name not in ("id", "notes", "picture", "alt")}
    return [
        DRAWING_VERSION, shown, number, len(deck.slides), deck.language, deck.theme, deck.aspect,
        deck.resolution, str(subtitle_area),
    ]  # fmt: skip
