"""Small objects of the work bucket: written once under a name that tells their content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.domain.deck import Deck
from shared.domain.pipeline import Bucket
from shared.errors import SourceExpired
from shared.ports import ObjectStore


def read_place(objects: ObjectStore, place: Mapping[str, Any]) -> bytes:
    """An object as a stage recorded it. Raises SourceExpired when it is gone."""
    if not place["size_bytes"]:
        raise SourceExpired
    read_at = objects.read_at(Bucket(place["bucket"]), place["name"], place["generation"])
    return read_at(int(place.get("offset", 0)), int(place["size_bytes"]))


def deck_json(deck: Deck) -> bytes:
    """A deck as it is stored."""
    return json.dumps(deck.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()
