"""Which step comes next."""

from __future__ import annotations

from functions.personal_data import erasure, export
from shared.entrypoints.task import TaskContext
from shared.errors import DeadlineNear
from shared.privacy.data_requests import Phase
from shared.tasks.task import Later, TaskOutcome

STEPS = {
    Phase.EXPORTING: export.write_part,
    Phase.READY: export.delete_export,
    Phase.LOCKING: erasure.disable_account,
    Phase.REMOVING: erasure.remove_data,
    Phase.CHECKING: erasure.verify_removal,
    Phase.CLOSING: erasure.close_account,
    Phase.ERASED: erasure.delete_inventory,
}


def run_step(context: TaskContext) -> TaskOutcome:
    """Take one step. Each finds by itself what an earlier try has done already."""
    try:
        return STEPS[Phase(context.task.data["phase"])](context)
    except DeadlineNear:
        # What was removed is removed: the next try begins with the rest.
        return Later(0, progress=True)
