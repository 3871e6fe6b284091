"""Counters that drifted: a stage's `done` beside the units that it counts.

A part is DONE and counted in one batch, so nothing of ours lets them drift apart; a restored
backup or a hand in the ledger may. A stage that waits for a count that never comes is stuck.
"""

from __future__ import annotations

from collections import Counter

from shared.flows.documents import CommitResult, Update, job_path
from shared.flows.effects import Flow, LogEvent, commit, list_collection
from shared.jobs.model import Stage, Unit, UnitState


def recount_parts(job_id: str) -> Flow[bool]:
    """Set right what a job's stages count; → whether something was wrong.

    The stages are read before the units, and written by the version that was read: a part that is
    counted in between changes that version, so nothing is set to what is not so any more.
    """
    stages = yield from list_collection(f"{job_path(job_id)}/stages")
    units = yield from list_collection(f"{job_path(job_id)}/units")
    done = Counter(
        (unit.stage, unit.revision, unit.part)
        for unit in map(Unit.from_doc, units)
        if unit.state is UnitState.DONE
    )
    drifted = False
    for doc in stages:
        stage = Stage.from_doc(doc)
        if stage.total is None or not stage.parts:
            continue
        counted = sum(done[stage.name, stage.revision, part] for part in stage.part_ids)
        if counted == stage.done:
            continue
        fixed = yield from commit(Update(doc.path, {"done": counted}, doc.version))
        if fixed is CommitResult.OK:
            drifted = True
            details = {"severity": "WARNING", "job": job_id, "stage": stage.name}
            yield LogEvent("counter.drifted", {**details, "was": stage.done, "is": counted})
    return drifted
