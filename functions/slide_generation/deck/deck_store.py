"""Reads pictures and encodes decks of the work bucket."""

from __future__ import annotations

import json

from shared.errors import SourceExpired
from shared.ports.objects import ObjectStore
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_pictures import PictureSource


def read_picture_source(objects: ObjectStore, source: PictureSource) -> bytes:
    """Returns the bytes of an encoded picture. Raises SourceExpired if it no longer exists."""
    if not source.size_bytes:
        raise SourceExpired
    read_at = objects.range_reader(source.bucket, source.name, source.generation)
    return read_at(source.offset or 0, source.size_bytes)


def encode_deck(deck: Deck) -> bytes:
    """Returns a deck as the JSON that is stored."""
    return json.dumps(deck.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()
