"""Edits of decks in the simulation: revisions, lost responses, redrives to the review."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import Create, Update, all_documents, job_path
from shared.jobs.commands import deck_review
from shared.jobs.model import Status
from shared.jobs.units.join import join_writes
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import FUNCTIONS
from shared.recipes.stored_object import Artifact
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB
from tests.fixtures.jobs import NOW
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
)


def reach_review(simulation: Simulation) -> None:
    """Runs the job until its deck awaits review."""
    for job_input in simulation.job.inputs:
        simulation.upload_input(job_input.name)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.AWAITING_REVIEW


def test_edit_during_stitching_leaves_only_the_edited_film() -> None:
    simulation = make_simulation(recipe="presentation", needs_review=True, part_count=1)
    reach_review(simulation)
    simulation.run_command("release")
    finish_workers(simulation)
    while simulation.messages[0].envelope.stage != "stitching":
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.deliver(0)
    while not isinstance(simulation.workers[0].effect, effects.RunUnit):
        simulation.step(0)
    simulation.run_command("edit and release")
    while len(simulation.workers) > 1:
        simulation.step(1)
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.revision) == (Status.DONE, 1)
    names = [artifact.name for artifact in simulation.job.artifacts]
    assert [name for name in names if name.startswith("stitching/")] == ["stitching/1/join"]
    assert simulation.notifications_sent["1-done.e0"] == 1


def test_lost_response_to_an_edit_does_not_edit_twice() -> None:
    simulation = make_simulation(recipe="presentation", needs_review=True)
    reach_review(simulation)
    simulation.lose_response()
    simulation.run_command("edit")
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.revision) == (Status.AWAITING_REVIEW, 1)
    simulation.lose_response()
    simulation.run_command("release")
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_working_time_of_earlier_revisions_is_kept() -> None:
    simulation = make_simulation(recipe="presentation", needs_review=True, part_count=1)
    reach_review(simulation)
    simulation.store.commit([Update(job_path(JOB), {"worked_ms.slide_generation": 5000})])
    simulation.run_command("edit")
    finish_workers(simulation)
    assert simulation.stage("slide_generation")["earlier_ms"] == 5000
    deliver_all_messages(simulation)
    assert simulation.job.worked_ms["slide_generation"] >= 5000


def edit(simulation: Simulation, base: int, spec: dict[str, Any], **options: Any) -> int:
    """Runs an edit to its end. Returns the revision that it opened."""
    revision = simulation.run(
        deck_review.open_revision(
            JOB,
            simulation.clock_and_ids,
            base_revision=base,
            spec=spec,
            options=options,
            retention_days=30,
        )
    )
    return int(revision)


def test_results_that_an_edited_film_lacks_are_removed() -> None:
    simulation = make_simulation(recipe="presentation")
    names = ("film.mp4", "subtitles.vtt", "z")
    old = tuple(Artifact(name, "x", "outputs", name, 1, 1) for name in names)
    job = replace(simulation.job, artifacts=old)
    new = Artifact("film.mp4", "x", "outputs", "film.2", 2, 1)
    result = UnitDone((new,), replaced_names=("film.mp4", "subtitles.vtt"))
    writes = join_writes(job, "stitching", result, simulation.now, worked_ms=0, parts_in_flight=2)
    [job_update] = [write for write in writes if write.path == job_path(JOB)]
    assert isinstance(job_update, Update)
    assert [row["object"] for row in job_update.fields["artifacts"]] == ["z", "film.2"]


def test_event_of_a_review_names_the_new_results() -> None:
    job = make_simulation(recipe="presentation").job
    slides = Artifact("slides.pdf", "slides", "outputs", "slides.pdf", 1, 1)
    result = UnitDone((slides,), plan={"text_to_speech": ({},)}, review=True)
    writes = join_writes(job, "slide_generation", result, NOW, worked_ms=0, parts_in_flight=2)
    [event] = [write for write in writes if isinstance(write, Create) and "body" in write.data]
    data = json.loads(event.data["body"])["data"]

    assert data["status"] == "awaiting_review"
    assert [artifact["name"] for artifact in data["artifacts"]] == ["slides.pdf"]


def test_history_has_events_of_every_revision() -> None:
    simulation = make_simulation(recipe="presentation")
    for job_input in simulation.job.inputs:
        simulation.upload_input(job_input.name)
    deliver_all_messages(simulation)
    edit(simulation, 0, {"deck": "edited", "review": False})
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.revision) == (Status.DONE, 1)
    events = [doc.data for doc in simulation.store.run_query(all_documents(f"jobs/{JOB}/events"))]
    keys = [(event["what"], event.get("revision")) for event in events]
    for name in ("done", "notified"):
        assert (keys.count((name, None)), keys.count((name, 1))) == (1, 1)
    assert sum(event.get("stage") == "stitching" for event in events) == 2


def test_same_deck_with_other_options_is_another_edit() -> None:
    simulation = make_simulation(recipe="presentation", needs_review=True)
    reach_review(simulation)
    spec = {"deck": "edited", "review": True}
    assert edit(simulation, 0, spec, speed=1.2) == 1
    assert edit(simulation, 0, spec, speed=1.2) == 1
    with pytest.raises(deck_review.DeckChanged):
        edit(simulation, 0, spec, speed=1.5)
    assert simulation.job.options == {"speed": 1.2}


def test_previous_deck_can_be_edited_after_a_failed_edit() -> None:
    simulation = make_simulation(recipe="presentation", needs_review=True)
    reach_review(simulation)
    spec = {"deck": "rewritten", "review": True}
    assert edit(simulation, 0, spec) == 1
    simulation.next_outcome = "failed"
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.revision) == (Status.FAILED, 1)
    # The user sees the deck of revision 0, the last one that was rendered.
    assert edit(simulation, 0, spec) == 2
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.AWAITING_REVIEW, 1)
    with pytest.raises(deck_review.DeckChanged):
        edit(simulation, 1, spec | {"instruction": "another"})


def test_job_with_all_revisions_is_deleted_in_one_batch() -> None:
    revised = sum(row.per_revision for row in FUNCTIONS.values())
    # The job, its first stages, and the stages of every revision. Firestore allows 500 writes.
    assert 1 + len(FUNCTIONS) + revised * deck_review.MAX_REVISIONS <= 500


def test_redrive_returns_to_the_review() -> None:
    simulation = make_simulation(recipe="recap", needs_review=True, part_count=1)
    for job_input in simulation.job.inputs:
        simulation.upload_input(job_input.name)
    late = None
    while simulation.job.status is not Status.AWAITING_REVIEW:
        if simulation.messages[0].envelope.stage == "frame_extraction" and (
            simulation.messages[0].envelope.part == "join"
        ):
            # The join of frame_extraction is late. No later stage waits for it.
            late = simulation.messages.pop(0)
            continue
        simulation.deliver(0)
        finish_workers(simulation)
    assert late is not None
    simulation.messages.append(late)
    simulation.deliver(len(simulation.messages) - 1)
    while simulation.workers:
        simulation.step(0, "failed")
    statuses = [simulation.job.status]
    simulation.run_command("redrive")
    finish_workers(simulation)
    statuses.append(simulation.job.status)
    assert statuses == [Status.FAILED, Status.AWAITING_REVIEW]
    deliver_all_messages(simulation)
    simulation.run_command("release")
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.DONE, 1)
