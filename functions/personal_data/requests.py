"""Runs the next step of a data request, by its phase."""

from __future__ import annotations

from functions.personal_data import erasure, export
from shared.entrypoints.task import TaskContext
from shared.flows.effects import Later
from shared.privacy.data_requests import Phase
from shared.tasks.errors import DeadlineNear
from shared.tasks.task import TaskOutcome

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
    """Runs one step. A step can be repeated: it finds what an earlier attempt has done."""
    try:
        return STEPS[Phase(context.task.data["phase"])](context)
    except DeadlineNear:
        # The next step continues with what is left.
        return Later(0, progress=True)
