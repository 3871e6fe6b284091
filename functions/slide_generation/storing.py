"""Small objects of the work bucket: written once under a name that tells their content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.domain.deck import Deck
from shared.domain.pipeline import Bucket
from shared.errors import SourceExpired
from shared.ports import ObjectStore, Stored


def write_once(
    objects: ObjectStore, name: str, spec: str, content: bytes, content_type: str
) -> Stored:
    """An object of the work bucket whose name tells its content."""
    with objects.create(Bucket.WORK, name, content_type=content_type, spec=spec) as writer:
        writer.write(content)
    return writer.stored


def read_stored(objects: ObjectStore, place: Stored) -> bytes:
    """All of a small object."""
    return objects.read_at(place.bucket, place.name, place.generation)(0, place.size_bytes)


def place_of(stored: Stored) -> dict[str, Any]:
    """Where an object lies, as a stage records it."""
    return {
        "bucket": stored.bucket.value,
        "name": stored.name,
        "generation": stored.generation,
        "size_bytes": stored.size_bytes,
    }


def read_place(objects: ObjectStore, place: Mapping[str, Any]) -> bytes:
    """An object as a stage recorded it. Raises SourceExpired when it is gone."""
    if not place["size_bytes"]:
        raise SourceExpired
    read_at = objects.read_at(Bucket(place["bucket"]), place["name"], place["generation"])
    return read_at(int(place.get("offset", 0)), int(place["size_bytes"]))


def deck_json(deck: Deck) -> bytes:
    """A deck as it is stored."""
    return json.dumps(deck.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()
