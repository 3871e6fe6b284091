"""`emulator.sh watch`: the state of the pipeline that it shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import SuiteLayout
from infra.local.suite.ports import find_free_base
from infra.local.suite.services import select_functions
from infra.local.watch.pipeline import ActiveUnit, read_pipeline_state
from infra.local.watch.problems import ProblemLog
from infra.local.watch.snapshot import SnapshotReader
from shared.pipeline import JOBS_PER_OWNER, LEASE_S
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite.command import run_emulator
from tests.fixtures.suite.deliveries import hold_deliveries

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


def wait_until_idle(suite: SuiteHandle) -> None:
    """Waits until no message and no lease of an earlier test is left, whose work could end during
    this one."""

    def is_idle() -> bool:
        if any(count["in_flight"] for count in suite.read_delivery_counts().values()):
            return False
        now, units = datetime.now(UTC), read_pipeline_state(suite.layout).active_units
        return not any(unit.lease_until and unit.lease_until > now for unit in units)

    wait_until(is_idle, "the work of earlier tests to end")


def test_watch_counts_waiting_parts_and_finished_jobs(suite: SuiteHandle, clip: Path) -> None:
    client = suite.client()
    wait_until_idle(suite)
    before = read_pipeline_state(suite.layout)
    with hold_deliveries(suite, "frame_extraction"):
        # Two of them run, the third one is queued.
        ids = [suite.start_job(client, "frames", clip) for _ in range(3)]
        wait_until(
            lambda: (
                read_pipeline_state(suite.layout).waiting_by_stage.get("frame_extraction", 0)
                == before.waiting_by_stage.get("frame_extraction", 0) + JOBS_PER_OWNER
            ),
            "two parts to wait",
        )
        wait_until(
            lambda: (
                read_pipeline_state(suite.layout).jobs_by_status.get("queued", 0)
                == before.jobs_by_status.get("queued", 0) + 1
            ),
            "the third job to be queued",
        )
        result = run_emulator(suite.layout, "watch", "--once")
    for job_id in ids:
        assert suite.wait_for_job(client, job_id)["status"] == "done"

    assert result.returncode == 0
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line.strip()}
    assert int(rows["frame_extraction"][1]) >= JOBS_PER_OWNER
    assert re.search(r" [1-9]\d* queued", result.stdout)
    assert {row.name for row in select_functions() if row.is_event_driven} <= set(rows)
    after = read_pipeline_state(suite.layout)
    assert after.jobs_by_status["done"] - before.jobs_by_status.get("done", 0) == 3
    assert after.waiting_by_stage.get("frame_extraction", 0) == before.waiting_by_stage.get(
        "frame_extraction", 0
    )


def test_watch_counts_received_but_not_announced_uploads(suite: SuiteHandle, clip: Path) -> None:
    client = suite.client()
    wait_until_idle(suite)
    before = read_pipeline_state(suite.layout).waiting_by_stage.get("upload_trigger", 0)
    with hold_deliveries(suite, "upload_trigger"):
        video = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}
        client.create_job("frames", {"video": video})
        job_id = suite.start_job(client, "frames", clip)
        assert (
            read_pipeline_state(suite.layout).waiting_by_stage.get("upload_trigger", 0)
            == before + 1
        )
    suite.wait_for_job(client, job_id)


def test_watch_shows_leased_units_and_units_that_wait_for_a_retry(
    suite: SuiteHandle, clip: Path
) -> None:
    user = suite.user()
    client = suite.client(user)
    video = {
        "filename": clip.name, "content_type": "video/mp4", "size_bytes": clip.stat().st_size,
    }  # fmt: skip
    created = client.create_job("frames", {"video": video})
    job_id = str(created["job"]["id"])
    # Before the upload, and for this job and user only: other tests may have left work behind.
    path = f"/o/.*(packs|parts|zips).*{job_id}"
    suite.add_storage_fault({"match": {"path_regex": path}, "action": {"stall_s": 2}, "count": 2})
    # More refusals than a busy machine needs to see the notification wait.
    suite.refuse_emails("451 4.3.0 Try later", count=3, to=user.email)
    started_at = datetime.now(UTC)
    client.upload(created["uploads"]["video"], clip, lambda _: None)

    def find_unit(stage: str, *, leased: bool) -> ActiveUnit | None:
        return next(
            (
                unit
                for unit in read_pipeline_state(suite.layout).active_units
                if (unit.job, unit.stage, unit.lease_until is not None) == (job_id, stage, leased)
            ),
            None,
        )

    leased = wait_until(
        lambda: find_unit("frame_extraction", leased=True), "the lease", interval_s=0.05
    )
    assert (leased.attempt, leased.part_count) == (1, 1)
    assert leased.lease_until is not None
    assert started_at < leased.lease_until <= datetime.now(UTC) + timedelta(seconds=LEASE_S)
    waiting = wait_until(lambda: find_unit("notification", leased=False), "the next attempt")
    suite.clear_storage_faults()

    assert waiting.error_code
    messages = [
        problem.text for problem in ProblemLog(suite.layout.logs).read() if problem.job == job_id
    ]
    assert any(waiting.error_code in line for line in messages), (
        "the refused e-mail is not among the problems"
    )
    assert any(
        waiting.error_code in line
        for line in run_emulator(suite.layout, "watch", "--once").stdout.splitlines()
    )
    wait_until(lambda: suite.list_emails(user.email), "the e-mail")


def test_watch_triggers_no_fault_and_lists_active_rules(suite: SuiteHandle) -> None:
    suite.add_storage_fault({"action": {"status": 503}, "count": 1})
    try:
        reader = SnapshotReader(suite.layout)
        for _ in range(3):
            snapshot = reader.read()
        assert snapshot is not None
        [(server, rule)] = snapshot.faults
        assert (server, rule["matched_count"], rule["fired_count"]) == ("gcs", 0, 0)
        assert "  fault  gcs" in run_emulator(suite.layout, "watch", "--once").stdout
    finally:
        suite.clear_storage_faults()


def test_watch_without_a_suite_says_so() -> None:
    result = run_emulator(SuiteLayout(find_free_base()), "watch", "--once")

    assert result.returncode == 1
    assert "No suite is running" in result.stdout
