"""The stages of a job: their counts are the sums of the shards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.flows.documents import Update, job_path, shard_path, stage_path
from shared.jobs.creation import new_job, planned_documents, planned_fields
from shared.jobs.model import JobInput, Status
from shared.jobs.stage import StageState
from shared.pipeline import FUNCTIONS, RECIPES
from shared.pricing.job_cost import compute_usd
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.jobs import NOW

JOB = "j" * 20
PARTS = 3


@pytest.fixture
def harness() -> AppHarness:
    """A job whose frame extraction is planned with three parts, and thus has three shards."""
    harness = AppHarness(ROUTES)
    fields = planned_fields([{} for _ in range(PARTS)], NOW, parts_in_flight=PARTS)
    harness.store.commit(
        new_job(
            job_id=JOB,
            owner="alice",
            email="alice@moodreel.test",
            recipe=RECIPES["frames"],
            title="Holiday",
            options={},
            inputs=(JobInput("video", f"jobs/{JOB}/video.0", "video/mp4", 5, "a.mp4"),),
            now=NOW,
            expires_at=NOW + timedelta(days=30),
        )
    )
    harness.store.commit(
        [
            Update(stage_path(JOB, "frame_extraction", 0), fields),
            *planned_documents(JOB, "alice", "frame_extraction", 0, fields, NOW),
        ]
    )
    return harness


def get_stages(harness: AppHarness) -> dict[str, dict[str, Any]]:
    job = harness.request("GET", f"/v1/jobs/{JOB}", headers=ALICE_HEADERS).json
    return {stage["name"]: stage for stage in job["stages"]}


def update_stage(store: MemoryJobStore, name: str, **fields: Any) -> None:
    store.commit([Update(stage_path(JOB, name, 0), fields)])


def test_done_progress_and_attempts_are_summed_over_the_shards(harness: AppHarness) -> None:
    update_stage(
        harness.store, "frame_extraction", state=StageState.RUNNING, started_at=NOW, retries=1
    )
    shards: list[dict[str, Any]] = [
        {"done": 1, "progress.p0": 0, "retries": 2},
        {"progress.p1": 0.5},
        {"progress.p2": 0.25, "retries": 1},
    ]
    for number, fields in enumerate(shards):
        path = shard_path(JOB, "frame_extraction", 0, number)
        harness.store.commit([Update(path, fields)])

    stage = get_stages(harness)["frame_extraction"]

    assert (stage["done"], stage["total"]) == (1, PARTS)
    parts = 1 - FUNCTIONS["frame_extraction"].join_share
    assert stage["progress"] == pytest.approx(parts * 1.75 / PARTS, abs=0.001)
    assert stage["attempts"] == 1 + 1 + 2 + 1


def test_progress_of_a_job_is_weighted_by_the_work_of_its_stages(harness: AppHarness) -> None:
    update_stage(harness.store, "upload_trigger", state=StageState.DONE)
    fields = {"done": 1, "progress.p2": 0.5}
    harness.store.commit([Update(shard_path(JOB, "frame_extraction", 0, 0), fields)])
    update_stage(harness.store, "frame_extraction", state=StageState.RUNNING, started_at=NOW)
    job = harness.request("GET", f"/v1/jobs/{JOB}", headers=ALICE_HEADERS).json
    weights = {name: FUNCTIONS[name].progress_weight for name in RECIPES["frames"].stages}
    trigger, extraction = weights["upload_trigger"], weights["frame_extraction"]
    assert weights["notification"] == 0
    share = get_stages(harness)["frame_extraction"]["progress"]
    assert 0 < share < 0.5
    expected = (trigger + extraction * share) / (trigger + extraction)
    assert job["progress"] == pytest.approx(expected, abs=0.001)


def test_cost_includes_running_and_failed_work(harness: AppHarness) -> None:
    update_stage(
        harness.store, "frame_extraction", state=StageState.RUNNING, started_at=NOW, earlier_ms=1000
    )
    fields = {"done": 1, "worked_ms": 9000, "retries": 2}
    harness.store.commit([Update(shard_path(JOB, "frame_extraction", 0, 0), fields)])
    assert get_stages(harness)["frame_extraction"]["worked_s"] == 10

    job = harness.request("GET", f"/v1/jobs/{JOB}", headers=ALICE_HEADERS).json

    compute, requests, storage = job["cost"]["items"]
    assert (compute["stage"], compute["quantity"]) == ("frame_extraction", 10)
    assert compute["usd"] == pytest.approx(compute_usd("frame_extraction", 10))
    # The part, the join and two retries.
    assert (requests["kind"], requests["quantity"]) == ("requests", 4)
    assert (storage["stage"], storage["unit"]) == (None, "GB month")
    # The input of 5 bytes, for 30 days.
    assert storage["quantity"] == pytest.approx(5e-9 * 30 * 12 / 365)
    assert job["cost"]["usd"] == pytest.approx(
        compute["usd"] + requests["usd"] + storage["usd"], abs=1e-8
    )


def test_progress_is_complete_only_when_the_join_is_done(harness: AppHarness) -> None:
    update_stage(harness.store, "upload_trigger", state=StageState.DONE)
    update_stage(harness.store, "frame_extraction", state=StageState.RUNNING, started_at=NOW)
    shard = shard_path(JOB, "frame_extraction", 0, 0)
    share = FUNCTIONS["frame_extraction"].join_share
    seen: list[float] = []
    for fields in ({"done": PARTS}, {"join_progress": 0.5}, {"join_progress": 1}):
        harness.store.commit([Update(shard, fields)])
        job = harness.request("GET", f"/v1/jobs/{JOB}", headers=ALICE_HEADERS).json
        seen.append(get_stages(harness)["frame_extraction"]["progress"])
        assert job["progress"] < 1
    assert seen == [pytest.approx(1 - share), pytest.approx(1 - share / 2), 0.999]
    update_stage(harness.store, "frame_extraction", state=StageState.DONE)
    assert get_stages(harness)["frame_extraction"]["progress"] == 1


def test_a_stage_that_has_not_started_has_no_attempts(harness: AppHarness) -> None:
    stage = get_stages(harness)["frame_extraction"]

    assert (stage["state"], stage["done"], stage["total"]) == ("queued", 0, PARTS)
    assert (stage["progress"], stage["attempts"]) == (0, 0)


def test_a_notification_that_was_sent_is_complete_without_shards(harness: AppHarness) -> None:
    update_stage(harness.store, "notification", state=StageState.DONE, started_at=NOW, total=1)

    stage = get_stages(harness)["notification"]

    assert (stage["done"], stage["total"], stage["progress"]) == (1, 1, 1)


def test_stages_and_shards_are_read_in_two_calls(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("upload_trigger", "frame_extraction"):
        update_stage(harness.store, name, state=StageState.RUNNING, started_at=NOW)
    calls: list[list[str]] = []
    read = harness.store.read

    def count(paths: Any) -> Any:
        calls.append(list(paths))
        return read(calls[-1])

    monkeypatch.setattr(harness.store, "read", count)

    get_stages(harness)

    below_job = [paths for paths in calls if any("/stages/" in path for path in paths)]
    assert [len(paths) for paths in below_job] == [3, 1 + PARTS]


def test_queued_jobs_are_listed_by_their_status(harness: AppHarness) -> None:
    harness.store.commit([Update(job_path(JOB), {"status": Status.QUEUED, "queued_at": NOW})])

    def list_ids(status: str) -> list[str]:
        url = f"/v1/jobs?status={status}"
        page = harness.request("GET", url, headers=ALICE_HEADERS).json
        return [job["id"] for job in page["jobs"]]

    assert list_ids("queued") == [JOB]
    assert list_ids("running") == []


@pytest.mark.parametrize(
    ("facts", "voice"),
    [
        ({}, None),
        ({"text_to_speech": {"calls": 4}}, None),
        ({"text_to_speech": {"calls": 4, "voice": "en-US-Neural-Joe"}}, "en-US-Neural-Joe"),
    ],
)
def test_job_states_the_voice_that_spoke(
    harness: AppHarness, facts: dict[str, Any], voice: str | None
) -> None:
    harness.store.commit([Update(job_path(JOB), {"facts": facts})])
    job = harness.request("GET", f"/v1/jobs/{JOB}", headers=ALICE_HEADERS).json
    assert job["voice"] == voice
