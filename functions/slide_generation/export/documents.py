"""The slides of a job as documents to download: deck.pdf and deck.pptx."""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache

from PIL import Image

from functions.slide_generation.drawing.job_slides import JobSlides
from functions.slide_generation.export.pages import DeckPages, EncodedPicture
from shared.entrypoints.stage import UnitContext
from shared.errors import PermanentError, TransientError
from shared.pipeline import SLIDE_CACHE_PREFIX
from shared.recipes.films.deck import Deck
from shared.recipes.results import SlideImage
from shared.recipes.stored_object import Artifact
from shared.runtime.owner_cache import OwnerCache, content_key
from shared.runtime.results_writer import ResultsWriter, read_object
from shared.typography.versions import drawing_versions

EXPORT_VERSION = 1
"""Increase when the same deck makes another document, so that older ones are not adopted."""
SHORT_SIDE_PX = 1080
"""Pictures have the size that they have on a page of this short side."""
JPEG_QUALITY = 90
_PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def write_documents(
    context: UnitContext,
    deck: Deck,
    drawn: JobSlides,
    slides: Sequence[SlideImage],
    results: ResultsWriter,
    subtitle_area: Fraction,
) -> tuple[tuple[Artifact, ...], tuple[str, ...]]:
    """Writes the documents of a deck, or copies those of another job of the owner.

    Args:
        slides: the slides that `drawn` drew.

    Returns:
        The artifacts, and warnings for the user about documents that could not be written,
        whatever the error was. Raises TransientError.
    """
    owner_cache = OwnerCache(context.objects, SLIDE_CACHE_PREFIX, context.job.owner)
    # The keys of the slides cover their pictures.
    content = [deck.to_dict(), [slide.content for slide in slides], EXPORT_VERSION]

    @cache
    def pages() -> DeckPages:
        return DeckPages(deck, tuple(_encode_pictures(context, drawn, slides)), subtitle_area)

    def write(name: str, content_type: str, render: Callable[[DeckPages], bytes]) -> Artifact:
        key = content_key(name, *content, drawing_versions())
        entry = owner_cache.find(key)
        if entry is not None:
            return results.copy(entry, name, "document")
        artifact = results.write(name, "document", content_type, lambda: render(pages()))
        owner_cache.add(key, artifact.stored_object)
        return artifact

    artifacts, warnings = [], []
    for name, content_type, render in (
        ("deck.pdf", "application/pdf", _write_pdf),
        ("deck.pptx", _PPTX, _write_pptx),
    ):
        context.check()
        try:
            artifacts.append(write(name, content_type, render))
        except TransientError:
            # Of our services, or the end of this attempt.
            raise
        except Exception as error:
            # Neither the slides nor the film depend on it.
            reason = "".join(traceback.format_exception(error))[-4000:]
            context.log("document.failed", severity="ERROR", document=name, reason=reason)
            warnings.append(f"{name} could not be written; the slides and the film are complete.")
    return tuple(artifacts), tuple(warnings)


def _write_pdf(pages: DeckPages) -> bytes:
    # Typst is imported when it is needed: most requests draw no deck.
    from functions.slide_generation.export.pdf import write_pdf

    return write_pdf(pages)


def _write_pptx(pages: DeckPages) -> bytes:
    from functions.slide_generation.export.pptx.deck import write_pptx

    return write_pptx(pages)


def _encode_pictures(
    context: UnitContext, drawn: JobSlides, slides: Sequence[SlideImage]
) -> Iterator[EncodedPicture | None]:
    for number, slide in enumerate(slides):
        context.check()
        try:
            picture = drawn.load_picture(number, SHORT_SIDE_PX)
        except PermanentError:
            # A slide of an earlier attempt can show a picture that is gone since.
            page = read_object(context.objects, slide.stored_object)
            picture = drawn.crop_picture(number, page)
        yield None if picture is None else _encode(picture, drawn.describe_picture(number))


def _encode(picture: Image.Image, alt: str) -> EncodedPicture:
    out = io.BytesIO()
    if picture.mode == "RGBA":
        picture.save(out, "PNG")
        return EncodedPicture(out.getvalue(), "image/png", alt)
    picture.save(out, "JPEG", quality=JPEG_QUALITY)
    return EncodedPicture(out.getvalue(), "image/jpeg", alt)
