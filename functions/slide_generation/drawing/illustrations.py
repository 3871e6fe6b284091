"""Adds pictures to the slides of a deck: uploaded ones, and drawings of the illustrator."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from functions.slide_generation.deck.deck_result import WrittenDeck
from functions.slide_generation.drawing.pictures import JobPictures, place_uploads, set_picture
from functions.slide_generation.drawing.renderer import SlideRenderer
from functions.slide_generation.quality.emulated import describe_emulated_pictures
from shared.entrypoints import bootstrap
from shared.errors import (
    ConfigurationError,
    MoodreelError,
    OverloadedError,
    PermanentError,
    QuotaExhausted,
    TransientError,
)
from shared.pipeline import Bucket
from shared.ports.models import (
    MAX_PICTURE_BYTES,
    Illustrator,
    PictureModelUnavailable,
    PictureRefused,
    PictureRequest,
    PictureUnusable,
)
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.deck_pictures import DRAWN_PREFIX, MAX_DRAWINGS
from shared.runtime.results_writer import write_once
from shared.tasks.errors import DeadlineNear, LeaseLost

MAX_ATTEMPTS = 2
"""Number of calls for a picture, if the first answer has none that can be used."""

_Missing = Counter[str]
"""The number of slides without a drawing, by the reason."""


def add_pictures(
    written_deck: WrittenDeck, pictures: JobPictures, options: DeckOptions
) -> WrittenDeck:
    """Returns the deck with pictures on its slides.

    Uploaded pictures are placed first. With the option `pictures: all` and an illustrator, slides
    with bullets that have no picture get a drawing.
    """
    if options.pictures == "none":
        return written_deck
    deck, placed = place_uploads(written_deck.deck, pictures.uploads())
    warnings = list(written_deck.warnings)
    unused = len(pictures.uploads()) - placed
    if unused:
        warnings.append(
            f"{unused} of the pictures are not used: there are more of them than slides that can "
            "show one."
        )
    if options.pictures == "all":
        deck, drawing_warnings = _add_configured_drawings(deck, pictures)
        warnings += drawing_warnings
    return replace(written_deck, deck=deck, warnings=tuple(warnings))


def _add_configured_drawings(deck: Deck, pictures: JobPictures) -> tuple[Deck, list[str]]:
    try:
        illustrator = bootstrap.illustrator()
    except ConfigurationError as error:
        pictures.context.log("illustrator.misconfigured", severity="ERROR", reason=str(error))
        return deck, ["No pictures were drawn: the settings of the picture model are wrong."]
    return (deck, []) if illustrator is None else add_drawings(deck, pictures, illustrator)


def add_drawings(
    deck: Deck, pictures: JobPictures, illustrator: Illustrator
) -> tuple[Deck, list[str]]:
    """Adds a drawing to each slide with bullets and no picture, to MAX_DRAWINGS slides at most.

    While the illustrator is overloaded, its error is raised: the next attempt of the unit finds the
    drawings that exist. After OPTIONAL_WAIT_S, or if the illustrator denies access or its daily
    quota is used up, the other slides stay without one.

    Returns:
        The deck, and warnings about slides without a drawing.
    """
    context, slides = pictures.context, list(deck.slides)
    free = [n for n, slide in enumerate(slides) if slide.layout == "bullets"]
    chosen = _spread(free, MAX_DRAWINGS)
    missing, is_available = _Missing(limit=len(free) - len(chosen)), True
    for done, n in enumerate(chosen):
        context.check()
        context.report_progress(done / len(chosen))
        drawing = _Drawing(deck, n, pictures, illustrator)
        try:
            if is_available:
                drawing.draw_once()
            elif not drawing.exists:
                missing["unavailable"] += 1
                continue
        except (DeadlineNear, LeaseLost):
            raise
        except MoodreelError as error:
            if _is_retryable(error) and not context.skips_optional_work:
                raise
            context.log("slide.illustration_failed", severity="WARNING", reason=error.code)
            is_available = not isinstance(
                error, OverloadedError | PictureModelUnavailable | QuotaExhausted
            )
            missing["refused" if isinstance(error, PictureRefused) else "unavailable"] += 1
            continue
        slides[n] = set_picture(slides[n], drawing.reference)
    deck = replace(deck, slides=tuple(slides))
    is_drawn = missing.total() < len(free)
    emulated = describe_emulated_pictures(illustrator.engine) if is_drawn else ()
    return deck, [*_describe_missing(missing), *emulated]


def _is_retryable(error: MoodreelError) -> bool:
    """Returns whether another attempt of the unit may succeed."""
    is_final = isinstance(error, PictureUnusable | PictureModelUnavailable)
    return isinstance(error, TransientError) and not is_final


def _spread(indexes: Sequence[int], count: int) -> list[int]:
    """Returns at most `count` of the indexes, evenly spread."""
    count = min(count, len(indexes))
    return [indexes[(2 * n + 1) * len(indexes) // (2 * count)] for n in range(count)]


class _Drawing:
    """The drawing of a slide. The same texts are drawn only once per owner."""

    def __init__(
        self, deck: Deck, number: int, pictures: JobPictures, illustrator: Illustrator
    ) -> None:
        self._pictures, self._illustrator = pictures, illustrator
        self._request = build_request(deck, number)
        owner = pictures.context.job.owner
        content = [owner, illustrator.engine, self._request.to_list()]
        self._key = hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
        self.reference = DRAWN_PREFIX + self._key
        self._name = pictures.drawing_name(self.reference)

    @property
    def exists(self) -> bool:
        """Whether the picture was drawn already."""
        return self._pictures.context.objects.stat(Bucket.WORK, self._name) is not None

    def draw_once(self) -> None:
        """Draws the picture if it does not exist. Raises the errors of the illustrator."""
        if self.exists:
            return
        write_once(
            self._pictures.context.objects,
            Bucket.WORK,
            self._name,
            self._draw(),
            content_type="application/octet-stream",
            spec=self._key,
        )

    def _draw(self) -> bytes:
        """Returns a file that can be decoded: an answer without one is requested again."""
        reason: Exception | None = None
        for _ in range(MAX_ATTEMPTS):
            self._pictures.context.check()
            try:
                data = self._illustrator.draw(self._request)
                self._check(data)
            except PictureUnusable as error:
                reason = error
            else:
                return data
        raise PictureUnusable(f"No usable picture in {MAX_ATTEMPTS} attempts. {reason}") from reason

    def _check(self, data: bytes) -> None:
        """Raises PictureUnusable if the file cannot be decoded."""
        if len(data) > MAX_PICTURE_BYTES:
            raise PictureUnusable("The picture has too many bytes.")
        try:
            self._pictures.decode(data, (self._request.width, self._request.height))
        except PermanentError as error:
            raise PictureUnusable(str(error)) from error


def build_request(deck: Deck, number: int) -> PictureRequest:
    """Returns the request for a picture of slide `number` (from 0), in the size of its box in 720p:
    films of every resolution share a drawing."""
    slide = set_picture(deck.slides[number], DRAWN_PREFIX)
    slides = (*deck.slides[:number], slide, *deck.slides[number + 1 :])
    planned = replace(deck, resolution="720p", slides=slides)
    box = SlideRenderer(planned).plan(number, picture=True).picture
    width, height = planned.size if box is None else (round(box.width), round(box.height))
    return PictureRequest(slide.heading, slide.bullets, slide.notes, deck.language, width, height)


def _describe_missing(missing: _Missing) -> list[str]:
    """Returns a sentence for each reason why slides have no drawing."""
    reasons = {
        "refused": "the picture model declined to draw it",
        "unavailable": "none could be drawn",
        "limit": f"a film has at most {MAX_DRAWINGS} drawn pictures",
    }
    return [
        f"{_count_slides(missing[name])} no picture: {reason}."
        for name, reason in reasons.items()
        if missing[name]
    ]


def _count_slides(count: int) -> str:
    return "1 slide has" if count == 1 else f"{count} slides have"
