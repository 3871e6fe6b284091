"""Which step comes next."""

from __future__ import annotations

from functions.personal_data import erasing, exporting
from shared.domain.data_requests import Phase
from shared.domain.errand import ErrandOutcome, Postponed
from shared.errors import DeadlineNear
from shared.stage import ErrandTask

STEPS = {
    Phase.MAKING: exporting.make_part,
    Phase.READY: exporting.expire,
    Phase.LOCKING: erasing.shut_out,
    Phase.REMOVING: erasing.remove,
    Phase.CHECKING: erasing.look_again,
    Phase.CLOSING: erasing.close,
    Phase.ERASED: erasing.tidy,
}


def fulfil(task: ErrandTask) -> ErrandOutcome:
    """Take one step. Each finds by itself what an earlier try has done already."""
    try:
        return STEPS[Phase(task.errand.data["phase"])](task)
    except DeadlineNear:
        # What was removed is removed: the next try begins with the rest.
        return Postponed(0, progress=True)
