"""Which pictures the slides of a job may show, by the references that a deck makes to them.

`upload:picture1` is one that was uploaded, `moment:1` the strongest moments of a video in their
order, `scene:1` a picture from somewhere in it, `chart:mood` how its mood moved, and `drawn:…` one
that a model drew for a slide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.pipeline import Bucket
from shared.recipes.emotions.results import EmotionsResult, PackedFrame
from shared.recipes.films.deck import Deck, DeckRejected
from shared.recipes.record import Record
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads

MOOD_CHART = "chart:mood"
DRAWN_PREFIX = "drawn:"


@dataclass(frozen=True, slots=True)
class PictureSource(Record):
    """An encoded picture: an object, or `size_bytes` from `offset` on in a frame pack. `face` is
    the middle of the face to show, x and y in pixels."""

    bucket: Bucket
    name: str
    generation: int
    size_bytes: int
    offset: int | None = None
    face: tuple[int, ...] | None = None

    @classmethod
    def from_stored_object(cls, stored_object: StoredObject) -> PictureSource:
        """A picture that is an object of its own."""
        return cls(
            stored_object.bucket,
            stored_object.name,
            stored_object.generation,
            stored_object.size_bytes,
        )


def list_pictures(facts: Mapping[str, Any]) -> dict[str, PictureSource]:
    """Every picture that the stages before recorded, by its reference, in a sensible order."""
    uploads = Uploads.find(facts) or Uploads({})
    numbered = sorted(
        (int(name.removeprefix("picture")), name)
        for name in uploads.inputs
        if name.removeprefix("picture").isdigit() and name.startswith("picture")
    )
    sources = {
        f"upload:{name}": PictureSource.from_stored_object(uploads.inputs[name].stored_object)
        for _, name in numbered
    }
    emotions = EmotionsResult.find(facts)
    if emotions is None:
        return sources
    for n, moment in enumerate(emotions.moments, 1):
        sources[f"moment:{n}"] = _packed(moment.picture, _middle(moment.box))
    for n, scene in enumerate(emotions.scenes, 1):
        sources[f"scene:{n}"] = _packed(scene.picture)
    return sources


def has_mood(facts: Mapping[str, Any]) -> bool:
    """Whether there is a mood to draw: somebody's face was scored."""
    emotions = EmotionsResult.find(facts)
    return emotions is not None and emotions.has_mood


def check_pictures(deck: Deck, facts: Mapping[str, Any], previous: Deck) -> None:
    """Raises DeckRejected for a slide that refers to a picture which this job does not have.
    `before` is the deck that was edited: what it shows may stay."""
    there = set(list_pictures(facts)) | {one.picture for one in previous.slides if one.picture}
    if has_mood(facts):
        there.add(MOOD_CHART)
    for n, slide in enumerate(deck.slides):
        if slide.picture is not None and slide.picture not in there:
            told = ", ".join(sorted(there)[:12]) or "none"
            raise DeckRejected(
                f"slides[{n}].picture", f"There is no such picture; this job has: {told}."
            )


def _middle(box: Sequence[float]) -> tuple[int, int]:
    x, y, width, height = box
    return round(x + width / 2), round(y + height / 2)


def _packed(frame: PackedFrame, face: tuple[int, int] | None = None) -> PictureSource:
    return PictureSource(
        Bucket.WORK, frame.object, frame.generation, frame.size_bytes, frame.offset, face
    )
