"""Which step comes next."""

from __future__ import annotations

from functions.personal_data import erasure, export
from shared.entrypoints.task import ErrandTask
from shared.errors import DeadlineNear
from shared.privacy.data_requests import Phase
from shared.tasks.task import ErrandOutcome, Postponed

STEPS = {
    Phase.MAKING: export.make_part,
    Phase.READY: export.expire,
    Phase.LOCKING: erasure.shut_out,
    Phase.REMOVING: erasure.remove,
    Phase.CHECKING: erasure.look_again,
    Phase.CLOSING: erasure.close,
    Phase.ERASED: erasure.tidy,
}


def fulfil(task: ErrandTask) -> ErrandOutcome:
    """Take one step. Each finds by itself what an earlier try has done already."""
    try:
        return STEPS[Phase(task.errand.data["phase"])](task)
    except DeadlineNear:
        # What was removed is removed: the next try begins with the rest.
        return Postponed(0, progress=True)
