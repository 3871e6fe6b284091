"""Stands for the handlers of the stages in the load simulation."""

from __future__ import annotations

from typing import Any

from shared.flows import effects
from shared.flows.envelope import JOIN, Envelope, ObjectRef
from shared.jobs.model import Job
from shared.jobs.stage import UnitClaim
from shared.jobs.units import outcomes
from shared.pipeline import FUNCTIONS, find_consumer
from shared.recipes.stored_object import Artifact
from tests.fakes.load.cloud import Cloud
from tests.fakes.simulation.handlers import make_deck_result


def run_handler(cloud: Cloud, claim: UnitClaim) -> outcomes.UnitOutcome:
    """Returns the outcome of a unit's work, which writes its object once."""
    envelope, job = claim.envelope, claim.job
    cloud.works[f"{job.id}/{envelope.stage}-{envelope.revision}-{envelope.part}"] += 1
    if FUNCTIONS[envelope.stage].reports_outcome:
        return outcomes.UnitDone()
    if cloud.rng.random() < cloud.load.overload:
        return effects.Unavailable("voice-overloaded", "Later.", "speech", 30)
    if envelope.stage == "speech_recognition" and envelope.part != JOIN and _is_over_quota(cloud):
        return effects.Unavailable("recognition-overloaded", "Later.", "recognition", 30)
    if cloud.rng.random() < cloud.load.failure:
        return effects.Failed("bad-input", "This cannot be done.")
    name = f"{job.id}/{envelope.stage}/{envelope.revision}/{envelope.part}"
    adopted = name in cloud.objects
    if not adopted:
        cloud.objects.add(name)
        consumer = find_consumer(envelope.stage, job.recipe)
        if consumer is not None and envelope.part != JOIN:
            cloud.publish_event(
                Envelope(job.id, consumer, envelope.part, source=ObjectRef("work", name, 1))
            )
    plan = _plan(cloud.load.part_count, job, envelope) if envelope.part == JOIN else {}
    review, facts = False, dict[str, Any]()
    if envelope.part == JOIN and envelope.stage == job.recipe.deck_stage:
        review = cloud.load.needs_review
        facts = make_deck_result(envelope.revision).to_dict()
    artifacts = (Artifact(name, "x", "work", name, 1, 1),)
    return outcomes.UnitDone(artifacts, facts=facts, plan=plan, adopted=adopted, review=review)


def _is_over_quota(cloud: Cloud) -> bool:
    """Whether the speech recognition refuses a part. Otherwise it is counted."""
    quota = cloud.load.recognitions_per_minute
    last_minute = [at_s for at_s in cloud.recognized_at if at_s > cloud.elapsed_s - 60]
    if quota and len(last_minute) >= quota:
        cloud.refused_recognitions += 1
        return True
    cloud.recognized_at = [*last_minute, cloud.elapsed_s]
    return False


def _plan(part_count: int, job: Job, envelope: Envelope) -> dict[str, tuple[dict[str, Any], ...]]:
    specs: tuple[dict[str, Any], ...] = tuple({"n": n} for n in range(part_count))
    plan: dict[str, tuple[dict[str, Any], ...]] = {}
    stage = job.recipe.next_stage(envelope.stage)
    while stage is not None and job.stages[stage] == "waiting":
        plan[stage] = specs
        stage = find_consumer(stage, job.recipe)
    return plan
