"""The pictures that the slides of a job may show, by the references that a deck uses.

`upload:picture1` is an uploaded picture. `moment:1` is the first of the strongest moments of a
video, `scene:1` a frame that shows a scene, and `chart:mood` a chart of the mood over time.
`drawn:…` is a picture that a model drew for a slide, `added:…` one that the user added to the deck.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.pipeline import Bucket
from shared.recipes.emotions.results import EmotionsResult, PackedFrame
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_fields import DeckRejected
from shared.recipes.record import Record
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads

MOOD_CHART = "chart:mood"
DRAWN_PREFIX = "drawn:"
MAX_DRAWINGS = 12
"""Limit for the drawings of a deck, as for uploaded pictures. It bounds the cost of a job, and with
10 to 20 s each they fit into the timeout of slide_generation."""


@dataclass(frozen=True, slots=True)
class PictureSource(Record):
    """An encoded picture: an object, or `size_bytes` bytes from `offset` in a frame pack.

    `face` is the center of the face to show: x and y in pixels.
    """

    bucket: Bucket
    name: str
    generation: int
    size_bytes: int
    offset: int | None = None
    face: tuple[int, ...] | None = None

    @classmethod
    def from_stored_object(cls, stored_object: StoredObject) -> PictureSource:
        """Returns the source of a picture that is an object of its own."""
        return cls(
            stored_object.bucket,
            stored_object.name,
            stored_object.generation,
            stored_object.size_bytes,
        )


def list_pictures(facts: Mapping[str, Any]) -> dict[str, PictureSource]:
    """Returns the pictures that earlier stages recorded, by reference: uploads, moments, scenes."""
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
        sources[f"moment:{n}"] = _packed_source(moment.picture, _center(moment.box))
    for n, scene in enumerate(emotions.scenes, 1):
        sources[f"scene:{n}"] = _packed_source(scene.picture)
    return sources


def has_mood(facts: Mapping[str, Any]) -> bool:
    """Returns whether a mood chart can be drawn: a face was scored."""
    emotions = EmotionsResult.find(facts)
    return emotions is not None and emotions.has_mood


def check_pictures(
    deck: Deck, facts: Mapping[str, Any], previous: Deck, added: Collection[str] = ()
) -> None:
    """Checks that the job has every picture that the deck refers to.

    Args:
        deck: The edited deck.
        facts: The facts of the job.
        previous: The deck before the edit; the pictures that it shows remain allowed.
        added: The references of the pictures that the user added to the deck.

    Raises:
        DeckRejected: When a slide refers to a picture that the job does not have.
    """
    available = {*list_pictures(facts), *added}
    available |= {slide.picture for slide in previous.slides if slide.picture}
    if has_mood(facts):
        available.add(MOOD_CHART)
    for n, slide in enumerate(deck.slides):
        if slide.picture is not None and slide.picture not in available:
            names = ", ".join(sorted(available)[:12]) or "none"
            raise DeckRejected(
                f"slides[{n}].picture", f"There is no such picture; this job has: {names}."
            )


def _center(box: Sequence[float]) -> tuple[int, int]:
    x, y, width, height = box
    return round(x + width / 2), round(y + height / 2)


def _packed_source(frame: PackedFrame, face: tuple[int, int] | None = None) -> PictureSource:
    return PictureSource(
        Bucket.WORK, frame.object, frame.generation, frame.size_bytes, frame.offset, face
    )
