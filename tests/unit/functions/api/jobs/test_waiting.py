"""What a job waits for, as the API returns it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.flows.documents import CommitResult, Create, Update, job_path, stage_path, unit_path
from shared.jobs.creation import free_fields, new_job
from shared.jobs.model import JobInput, Status
from shared.jobs.stage import StageState, UnitState
from shared.pipeline import RECIPES
from tests.fakes.application import ALICE_HEADERS, AppHarness

JOB = "j" * 20
NOW = datetime(2026, 1, 1, 14, tzinfo=UTC)


def add_job(harness: AppHarness) -> None:
    prompt = JobInput("prompt", f"prompts/{JOB}/prompt.0", "text/plain", 1, "prompt.txt")
    harness.store.commit(
        new_job(
            job_id=JOB,
            owner="alice",
            email="",
            recipe=RECIPES["presentation"],
            title="",
            options={},
            inputs=(prompt,),
            now=NOW,
            expires_at=NOW + timedelta(days=30),
        )
    )


def add_unit(harness: AppHarness, part: str, revision: int = 0, **fields: Any) -> None:
    stage = "text_to_speech"
    unit: dict[str, Any] = free_fields(NOW) | {
        "job": JOB,
        "stage": stage,
        "revision": revision,
        "part": part,
        "claimed_at": NOW,
        "waits": 2,
        "waiting_since": NOW,
        **fields,
    }
    harness.store.commit([Create(unit_path(JOB, stage, revision, part), unit)])


def waiting_for(seconds: int) -> dict[str, Any]:
    next_try_at = NOW + timedelta(seconds=seconds)
    return {"service": "speech", "code": "voice-overloaded", "next_try_at": next_try_at}


def set_states(harness: AppHarness, status: Status, stage: StageState) -> None:
    path = stage_path(JOB, "text_to_speech", 0)
    started = {"state": stage, "started_at": NOW}
    writes = [Update(job_path(JOB), {"status": status}), Update(path, started)]
    assert harness.store.commit(writes) is CommitResult.OK


def read_waits(harness: AppHarness) -> dict[str, Any]:
    job = harness.request("GET", f"/v1/jobs/{JOB}", headers=ALICE_HEADERS).json
    return {stage["name"]: stage["waiting"] for stage in job["stages"] if stage["waiting"]}


def test_stage_shows_the_unit_that_tries_again_first() -> None:
    harness = AppHarness(ROUTES)
    add_job(harness)
    set_states(harness, Status.RUNNING, StageState.RUNNING)
    stage_before = harness.store.documents[stage_path(JOB, "text_to_speech", 0)]
    add_unit(harness, "0", waiting_for=waiting_for(300))
    add_unit(harness, "1", waiting_for=waiting_for(180))
    add_unit(harness, "2", waiting_for=None, waits=0, waiting_since=None)
    # It runs now, and the one of an older revision is obsolete.
    add_unit(harness, "3", waiting_for=waiting_for(10), state=UnitState.LEASED)
    add_unit(harness, "0", revision=1, waiting_for=waiting_for(1))

    assert read_waits(harness) == {
        "text_to_speech": {
            "service": "speech",
            "service_label": "the speech service",
            "code": "voice-overloaded",
            "since": "2026-01-01T14:00:00.000Z",
            "next_try_at": "2026-01-01T14:03:00.000Z",
        }
    }
    assert harness.store.documents[stage_path(JOB, "text_to_speech", 0)] == stage_before


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        (Status.CANCELLED, StageState.RUNNING),
        (Status.FAILED, StageState.STOPPED),
        (Status.RUNNING, StageState.DONE),
    ],
)
def test_stage_that_has_ended_waits_for_nothing(status: Status, stage: StageState) -> None:
    harness = AppHarness(ROUTES)
    add_job(harness)
    add_unit(harness, "0", waiting_for=waiting_for(300))
    set_states(harness, status, stage)
    assert read_waits(harness) == {}
