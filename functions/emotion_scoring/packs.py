"""Finds the frame pack that a part scores."""

from __future__ import annotations

from shared.entrypoints.stage import UnitContext
from shared.errors import TransientError
from shared.flows.documents import unit_path
from shared.flows.envelope import ObjectRef
from shared.jobs.stage import Unit, UnitState
from shared.pipeline import Bucket, find_producer
from shared.recipes.stored_object import StoredObject

FUNCTION = "emotion_scoring"
PACK = "pack"


class PackNotFound(TransientError):
    """The pack of this part is not written yet."""

    code = "pack-not-there"


def find_pack(context: UnitContext) -> StoredObject:
    """Returns the pack with this part's number. Raises PackNotFound.

    The pack that Firestore records takes precedence: the object of a notification may have been
    replaced since. Until frame extraction has recorded its part, the notification's object is used.
    """
    recorded = find_recorded_pack(context, context.part)
    announced = context.envelope.source
    if recorded is None:
        if announced is None:
            raise PackNotFound
        stored = context.objects.stat(Bucket.WORK, announced.name)
        if stored is None or stored.generation != announced.generation:
            raise PackNotFound
        return stored
    if announced is not None and not is_same_version(recorded, announced):
        context.log("pack.superseded", severity="WARNING", announced=announced.name)
    return recorded


def find_recorded_pack(context: UnitContext, part: str) -> StoredObject | None:
    """Returns the pack that the preceding stage recorded for this part, or None."""
    producer = find_producer(FUNCTION)
    assert producer is not None, "frame packs trigger emotion scoring"  # noqa: S101 - a constant of the table
    (doc,) = context.store.read([unit_path(context.job.id, producer, 0, part)])
    unit = None if doc is None else Unit.from_doc(doc)
    if unit is None or unit.state is not UnitState.DONE:
        return None
    return next(
        (artifact.stored_object for artifact in unit.artifacts if artifact.name == PACK), None
    )


def is_same_version(recorded: StoredObject, announced: ObjectRef) -> bool:
    """Whether both are the same version of the same object."""
    return recorded.version == (announced.name, announced.generation)
