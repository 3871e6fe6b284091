"""Which pack a part is to score."""

from __future__ import annotations

from shared.entrypoints.stage import UnitContext
from shared.errors import TransientError
from shared.flows.documents import unit_path
from shared.flows.envelope import ObjectRef
from shared.jobs.model import Unit, UnitState
from shared.pipeline import Bucket, find_producer
from shared.recipes.stored_object import StoredObject

FUNCTION = "emotion_scoring"
PACK = "pack"


class PackNotFound(TransientError):
    """The pack of this part is not written yet."""

    code = "pack-not-there"


def find_pack(context: UnitContext) -> StoredObject:
    """The pack of this part's number. Raises PackNotThere.

    What the ledger records counts: an object that announced itself may be one that was replaced.
    Until frame extraction has recorded its part, the object alone tells.
    """
    recorded = find_recorded_pack(context, context.part)
    announced = context.envelope.source
    if recorded is None:
        if announced is None:
            raise PackNotFound
        there = context.objects.stat(Bucket.WORK, announced.name)
        if there is None or there.generation != announced.generation:
            raise PackNotFound
        return there
    if announced is not None and not is_same_version(recorded, announced):
        context.log("pack.superseded", severity="WARNING", announced=announced.name)
    return recorded


def find_recorded_pack(context: UnitContext, part: str) -> StoredObject | None:
    """The pack that the stage before recorded for this part, None while it has not."""
    before = find_producer(FUNCTION)
    assert before is not None, "the table wakes emotion scoring by packs"  # noqa: S101
    (doc,) = context.store.read([unit_path(context.job.id, before, 0, part)])
    unit = None if doc is None else Unit.from_doc(doc)
    if unit is None or unit.state is not UnitState.DONE:
        return None
    return next((one.stored_object for one in unit.artifacts if one.name == PACK), None)


def is_same_version(recorded: StoredObject, announced: ObjectRef) -> bool:
    """Whether both are one version of one object."""
    return recorded.version == (announced.name, announced.generation)
