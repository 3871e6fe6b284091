"""Corrects a stage's counter `done` that differs from its units.

A part is DONE and counted in one batch, so the code cannot cause a difference. A restored backup or
a manual change in Firestore can, and a stage whose counter is too low is stuck.
"""

from __future__ import annotations

from collections import Counter

from shared.flows.documents import CommitResult, Update, unit_path
from shared.flows.effects import Flow, LogEvent, commit, run_query
from shared.jobs.queries import parse_stages, stages_of, units_of
from shared.jobs.stage import Unit, UnitState


def recount_parts(job_id: str) -> Flow[bool]:
    """Corrects the counts of the shards of a job's stages. Returns whether one was wrong.

    The shards are read before the units and are written with the version that was read. A part that
    is counted in between changes that version, so no outdated count is written.
    """
    docs = yield from run_query(stages_of(job_id))
    units = yield from run_query(units_of(job_id))
    done = Counter(
        unit_path(job_id, unit.stage, unit.revision, unit.part)
        for unit in map(Unit.from_doc, units)
        if unit.state is UnitState.DONE
    )
    drifted = False
    shards = {doc.path: doc for doc in docs if "shard" in doc.data}
    for stage in parse_stages(docs):
        counts: Counter[str] = Counter()
        for part in stage.part_ids:
            unit = unit_path(job_id, stage.name, stage.revision, part)
            counts[stage.shard_of(job_id, part)] += done[unit]
        for path, count in counts.items():
            shard = shards.get(path)
            if shard is None or shard.data["done"] == count:
                continue
            result = yield from commit(Update(path, {"done": count}, shard.version))
            if result is CommitResult.OK:
                drifted = True
                fields = {"severity": "WARNING", "job": job_id, "stage": stage.name}
                yield LogEvent(
                    "counter.drifted", {**fields, "was": shard.data["done"], "is": count}
                )
    return drifted
