"""Stands for the handlers of stages and of webhook deliveries in the simulation."""

from __future__ import annotations

from typing import Any

from shared.flows import effects
from shared.flows.envelope import JOIN, Envelope, ObjectRef
from shared.jobs.stage import UnitClaim
from shared.jobs.units import outcomes
from shared.pipeline import FUNCTIONS, Bucket, find_consumer
from shared.recipes.results import DeckResult
from shared.recipes.stored_object import Artifact, StoredObject
from shared.tasks.task import TaskClaim, TaskDone, TaskOutcome
from tests.fakes.simulation.state import (
    JOB,
    SLOW_WEBHOOK,
    SimulatedState,
    SimulatedWorker,
)


def run_unit(
    state: SimulatedState, claim: UnitClaim, worker: SimulatedWorker, outcome: str
) -> outcomes.UnitOutcome:
    """Stands for the handler of a stage, in one step: writes the unit's object once."""
    envelope = claim.envelope
    if worker.lease_lost:
        return effects.Lost()
    if outcome == "failed" and not FUNCTIONS[envelope.stage].reports_outcome:
        state.has_permanent_error = True
        return effects.Failed("bad-input", "This cannot be done.")
    if outcome == "retry":
        return effects.Retry("answer-unusable", "Again.")
    if outcome == "unavailable":
        return effects.Unavailable("voice-overloaded", "Later.", "speech", 30)
    if FUNCTIONS[envelope.stage].reports_outcome:
        state.notifications_sent[f"{envelope.revision}-{envelope.part}"] += 1
        return outcomes.UnitDone()
    name = f"{envelope.stage}/{envelope.revision}/{envelope.part}"
    adopted = name in state.objects
    if adopted and not state.adopts_objects:
        return effects.Failed("artifact-conflict", "Another object has this name.")
    if not adopted:
        state.objects[name] = claim.token
        consumer = find_consumer(envelope.stage, claim.job.recipe)
        if consumer is not None and envelope.part != JOIN:
            ref = ObjectRef("work", name, 1)
            state.publish(Envelope(JOB, consumer, envelope.part, source=ref))
    plan: dict[str, tuple[dict[str, Any], ...]] = {}
    if envelope.part == JOIN:
        specs: tuple[dict[str, Any], ...] = tuple({"n": n} for n in range(state.part_count))
        next_stage = claim.job.recipe.next_stage(envelope.stage)
        while next_stage is not None and claim.job.stages[next_stage] == "waiting":
            plan[next_stage] = specs
            next_stage = find_consumer(next_stage, claim.job.recipe)
    artifacts = (Artifact(name, "x", "work", name, 1, 1),)
    review, facts = False, dict[str, Any]()
    if envelope.part == JOIN and envelope.stage == claim.job.recipe.deck_stage:
        review = bool(claim.stage.parts[0].get("review", state.needs_review))
        facts = make_deck_result(envelope.revision).to_dict()
    return outcomes.UnitDone(artifacts, facts=facts, plan=plan, adopted=adopted, review=review)


def call_webhook(
    state: SimulatedState, claim: TaskClaim, worker: SimulatedWorker, outcome: str
) -> TaskOutcome:
    """Stands for the handler of a delivery. The slow server accepts the third call."""
    if worker.lease_lost:
        return effects.Lost()
    task = claim.task
    state.webhook_calls[task.id] += 1
    is_refused = task.data["webhook"] == SLOW_WEBHOOK and state.allowed_repeats[task.id] < 2
    if is_refused or outcome != "done":
        state.allowed_repeats[task.id] += 1
        wait_s = 60 if state.sweeper_enabled and state.allowed_repeats[task.id] == 2 else 5
        return effects.Later(wait_s, "status-503", "It answered 503.")
    return TaskDone()


def make_deck_result(revision: int) -> DeckResult:
    """Returns the result of slide_generation for a deck without slides."""
    return DeckResult(1, 0, revision, 0, 0, StoredObject(Bucket.WORK, "deck.json", 1, 1), ())
