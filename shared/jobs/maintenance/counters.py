"""Corrects a stage's counter `done` that differs from its units.

A part is DONE and counted in one batch, so the code cannot cause a difference. A restored backup or
a manual change in Firestore can, and a stage whose counter is too low is stuck.
"""

from __future__ import annotations

from collections import Counter

from shared.flows.documents import CommitResult, Update
from shared.flows.effects import Flow, LogEvent, commit, run_query
from shared.jobs.model import Stage, Unit, UnitState
from shared.jobs.queries import stages_of, units_of


def recount_parts(job_id: str) -> Flow[bool]:
    """Corrects the counters of a job's stages. Returns whether one was wrong.

    The stages are read before the units and are written with the version that was read. A part that
    is counted in between changes that version, so no outdated count is written.
    """
    stages = yield from run_query(stages_of(job_id))
    units = yield from run_query(units_of(job_id))
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
        count = sum(done[stage.name, stage.revision, part] for part in stage.part_ids)
        if count == stage.done:
            continue
        result = yield from commit(Update(doc.path, {"done": count}, doc.version))
        if result is CommitResult.OK:
            drifted = True
            fields = {"severity": "WARNING", "job": job_id, "stage": stage.name}
            yield LogEvent("counter.drifted", {**fields, "was": stage.done, "is": count})
    return drifted
