"""The cache of drawn slides, for all jobs of their owner: each slide, and the slides of a deck."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.slide_generation.drawing.pictures import JobPictures
from shared.recipes.films.deck_pictures import MOOD_CHART
from shared.recipes.stored_object import StoredObject
from shared.runtime.owner_cache import OwnerCache, content_key, describe
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


@dataclass(frozen=True, slots=True)
class DeckSlideCache:
    """All slides of a deck and the ZIP file of them. An entry lists those of the slides and of the
    ZIP file, so that they are found with one request.

    Args:
        cache: That of the job's owner.
        keys: The keys of the drawn slides, in order.
    """

    cache: OwnerCache
    keys: Sequence[str]

    def find(self) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]] | None:
        """Returns the entries of the slides and that of the ZIP file, as `describe` returns them,
        or None."""
        entry = self.cache.read_json(self._key)
        return None if entry is None else (entry["slides"], entry["archive"])

    def add(self, slides: Sequence[StoredObject], archive: StoredObject) -> None:
        """Adds a deck, by the entries of its slides and of its ZIP file."""
        entry = {"slides": [describe(slide) for slide in slides], "archive": describe(archive)}
        self.cache.write_json(self._key, entry)

    @property
    def _key(self) -> str:
        return content_key("deck slides", self.keys)
