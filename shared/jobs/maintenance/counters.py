"""Corrects a stage's counter `done` that differs from its units.

A part is DONE and counted in one batch, so the code cannot cause a difference. A restored backup or
a manual change in Firestore can. A stage whose counter is too low is stuck, and one whose counter
is too high skips parts: the next part to admit is searched from the count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from shared.flows.documents import CommitResult, Update, unit_path
from shared.flows.effects import Flow, LogEvent, commit, run_query
from shared.jobs import rules
from shared.jobs.creation import admit_unit
from shared.jobs.queries import parse_stages, stages_of, units_of
from shared.jobs.stage import Stage, Unit


def recount_parts(job_id: str, now: datetime) -> Flow[bool]:
    """Corrects the counts of the shards of a job's stages, and admits the parts that were skipped.
    The sweeper announces them. Returns whether a count was wrong.

    The shards are read before the units and are written with the version that was read. A part that
    is counted in between changes that version, so no outdated count is written.
    """
    docs = yield from run_query(stages_of(job_id))
    units = {doc.path: Unit.from_doc(doc) for doc in (yield from run_query(units_of(job_id)))}
    drifted = False
    shards = {doc.path: doc for doc in docs if "shard" in doc.data}
    for stage in parse_stages(docs):
        counts: Counter[str] = Counter()
        for part in stage.part_ids:
            unit = units.get(unit_path(job_id, stage.name, stage.revision, part))
            counts[stage.shard_of(job_id, part)] += rules.is_done(unit)
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
        yield from _admit_skipped(job_id, stage, units, counts.total(), now)
    return drifted


def _admit_skipped(
    job_id: str, stage: Stage, units: Mapping[str, Unit], done: int, now: datetime
) -> Flow[None]:
    """Admits parts until as many are in flight as may be."""
    key = (job_id, stage.name, stage.revision)
    missing = [part for part in stage.part_ids if unit_path(*key, part) not in units]
    admitted = len(stage.part_ids) - len(missing)
    for part in missing[: max(0, stage.parts_in_flight + done - admitted)]:
        # A conflict means that a part that was DONE meanwhile has admitted it.
        yield from commit(admit_unit(*key, part, now))
