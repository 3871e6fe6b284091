"""Which pictures the slides of a job may show, by the references that a deck makes to them.

`upload:picture1` is one that was uploaded, `moment:1` the strongest moments of a video in their
order, `scene:1` a picture from somewhere in it, `chart:mood` how its mood moved, and `drawn:…` one
that a model drew for a slide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.domain.deck import Deck, DeckRejected
from shared.domain.pipeline import Bucket

CHART = "chart:mood"
DRAWN = "drawn:"

Place = Mapping[str, Any]
"""{"bucket", "name", "generation", "size_bytes"}; "offset" in a pack; "face" where
there is one to look at: its middle in pixels, [x, y]."""


def pictures_of(facts: Mapping[str, Any]) -> dict[str, Place]:
    """Every picture that the stages before recorded, by its reference, in a sensible order."""
    found = facts.get("upload_trigger") or {}
    numbered = sorted(
        (int(name.removeprefix("picture")), name)
        for name in found
        if name.removeprefix("picture").isdigit() and name.startswith("picture")
    )
    places: dict[str, Place] = {f"upload:{name}": _uploaded(found[name]) for _, name in numbered}
    scored = facts.get("emotion_scoring") or {}
    for kind, rows in (("moment", "moments"), ("scene", "scenes")):
        for n, row in enumerate(scored.get(rows) or (), 1):
            places[f"{kind}:{n}"] = _packed(row["picture"]) | _face(row.get("box"))
    return places


def has_mood(facts: Mapping[str, Any]) -> bool:
    """Whether there is a mood to draw: somebody's face was scored."""
    rows = (facts.get("emotion_scoring") or {}).get("mood") or ()
    return any(row["share"] is not None for row in rows)


def check_pictures(deck: Deck, facts: Mapping[str, Any], before: Deck) -> None:
    """Raises DeckRejected for a slide that refers to a picture which this job does not have.
    `before` is the deck that was edited: what it shows may stay."""
    there = set(pictures_of(facts)) | {one.picture for one in before.slides if one.picture}
    if has_mood(facts):
        there.add(CHART)
    for n, slide in enumerate(deck.slides):
        if slide.picture is not None and slide.picture not in there:
            told = ", ".join(sorted(there)[:12]) or "none"
            raise DeckRejected(
                f"slides[{n}].picture", f"There is no such picture; this job has: {told}."
            )


def _uploaded(found: Mapping[str, Any]) -> Place:
    return {
        "bucket": Bucket.UPLOADS.value,
        "name": found["object"],
        "generation": found["generation"],
        "size_bytes": found["size_bytes"],
    }


def _face(box: Sequence[float] | None) -> dict[str, Any]:
    if box is None:
        return {}
    x, y, width, height = box
    return {"face": [round(x + width / 2), round(y + height / 2)]}


def _packed(picture: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "bucket": Bucket.WORK.value,
        "name": picture["object"],
        "generation": picture["generation"],
        "size_bytes": picture["size_bytes"],
        "offset": picture["offset"],
    }
