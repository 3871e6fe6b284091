"""Which pack a part is to score."""

from __future__ import annotations

from shared.entrypoints.stage import Task
from shared.errors import TransientError
from shared.flows.documents import unit_path
from shared.flows.envelope import ObjectRef
from shared.jobs.model import Unit, UnitState
from shared.pipeline import Bucket, woken_by_result_of
from shared.recipes.stored_object import StoredObject

STAGE = "emotion_scoring"
PACK = "pack"


class PackNotThere(TransientError):
    """The pack of this part is not written yet."""

    code = "pack-not-there"


def pack_of(task: Task) -> StoredObject:
    """The pack of this part's number. Raises PackNotThere.

    What the ledger records counts: an object that announced itself may be one that was replaced.
    Until frame extraction has recorded its part, the object alone tells.
    """
    recorded = recorded_pack(task, task.part)
    announced = task.envelope.source
    if recorded is None:
        if announced is None:
            raise PackNotThere
        there = task.objects.stat(Bucket.WORK, announced.name)
        if there is None or there.generation != announced.generation:
            raise PackNotThere
        return there
    if announced is not None and not same(recorded, announced):
        task.log("pack.superseded", severity="WARNING", announced=announced.name)
    return recorded


def recorded_pack(task: Task, part: str) -> StoredObject | None:
    """The pack that the stage before recorded for this part, None while it has not."""
    before = woken_by_result_of(STAGE)
    assert before is not None, "the table wakes emotion scoring by packs"  # noqa: S101
    (doc,) = task.store.read([unit_path(task.job.id, before, 0, part)])
    unit = None if doc is None else Unit.from_doc(doc)
    if unit is None or unit.state is not UnitState.DONE:
        return None
    return next((one.stored for one in unit.artefacts if one.name == PACK), None)


def same(recorded: StoredObject, announced: ObjectRef) -> bool:
    """Whether both are one version of one object."""
    return recorded.version == (announced.name, announced.generation)
