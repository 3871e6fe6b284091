"""Small objects of the work bucket: written once under a name that tells their content."""

from __future__ import annotations

import json

from shared.errors import SourceExpired
from shared.ports.objects import ObjectStore
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_pictures import PictureSource


def read_picture_source(objects: ObjectStore, source: PictureSource) -> bytes:
    """Reads an encoded picture. Raises SourceExpired when it is gone."""
    if not source.size_bytes:
        raise SourceExpired
    read_at = objects.range_reader(source.bucket, source.name, source.generation)
    return read_at(source.offset or 0, source.size_bytes)


def encode_deck(deck: Deck) -> bytes:
    """A deck as it is stored."""
    return json.dumps(deck.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()
