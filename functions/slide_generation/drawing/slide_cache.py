"""The key under which a drawn slide is cached for all jobs of its owner."""

from __future__ import annotations

import hashlib
from typing import Any

from functions.slide_generation.drawing.pictures import JobPictures
from shared.recipes.films.deck_pictures import MOOD_CHART
from shared.runtime.owner_cache import content_key
from shared.typography.versions import drawing_versions


def drawn_slide_key(inputs: list[Any], pictures: JobPictures, reference: str | None) -> str:
    """Returns the key of a drawn slide.

    Args:
        inputs: JSON values that the drawing depends on, without the picture.
        pictures: The pictures of the job.
        reference: The picture of the slide, or None.

    Raises the errors of `JobPictures.read`.
    """
    picture: Any = None
    if reference == MOOD_CHART:
        picture = pictures.key(reference)
    elif pictures.key(reference) is not None and reference is not None:
        # By its bytes: the same picture has another name in another job.
        digest = hashlib.sha256(pictures.read(reference)).hexdigest()
        source = pictures.sources.get(reference)
        picture = [digest, None if source is None else source.face]
    return content_key("slide", inputs, picture, drawing_versions())
