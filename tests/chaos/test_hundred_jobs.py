"""Many jobs with duplicate messages and failing storage: one result and one email each."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import WAIT_TIMEOUT_S, SuiteHandle, wait_until
from shared.flows.documents import all_documents
from shared.jobs.queries import parse_stages, stages_of
from shared.runtime.services import Services
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip, run_frames_job

pytestmark = pytest.mark.suite

STORAGE_FAULT = {"match": {"path_regex": "^/(storage|upload|batch)/"}, "action": {"status": 503}}
"""Calls of functions only: uploads by signed URL use the XML API, which has other paths."""


@pytest.mark.parametrize(
    ("job_count", "timeout_s"),
    [(8, WAIT_TIMEOUT_S), pytest.param(100, 3 * WAIT_TIMEOUT_S, marks=pytest.mark.sweep)],
)
@pytest.mark.extended
def test_jobs_with_duplicate_messages_and_failing_storage(
    suite: SuiteHandle,
    services: Services,
    tmp_path: Path,
    job_count: int,
    timeout_s: float,
) -> None:
    clip = CLIP_SPECS["cfr30"].encode().path
    alone = suite.client()
    _, expected = run_frames_job(suite, alone, clip, tmp_path, every="1")
    before, clients = suite.read_delivery_counts(), [suite.client() for _ in range(job_count)]
    suite.add_message_fault("messages", {"repeat": 2})
    suite.add_storage_fault({**STORAGE_FAULT, "rate": 0.1, "seed": 7})
    started = time.monotonic()
    try:
        with ThreadPoolExecutor(4) as pool:
            ids = list(
                pool.map(
                    lambda client: suite.start_job(client, "frames", clip, options={"every": "1"}),
                    clients,
                )
            )
        deadline = started + timeout_s
        ended = [
            suite.wait_for_job(client, job_id, max(1.0, deadline - time.monotonic()))
            for client, job_id in zip(clients, ids, strict=True)
        ]
        elapsed_s = time.monotonic() - started
        for client in clients:
            wait_until(lambda email=client.user.email: suite.list_emails(email), "the e-mail")  # type: ignore[misc]
        # A copy may wait while the other one is processed. Duplicate results exist only after it.
        wait_until(lambda: is_quiet(suite), "the last copies")
        rules = {rule["server"]: rule for rule in suite.list_faults()}
    finally:
        suite.clear_message_faults()
        suite.clear_storage_faults()

    assert Counter(job["status"] for job in ended) == {"done": job_count}, describe_unfinished(
        ended
    )
    assert rules["push"]["fired_count"] >= 5 * job_count, (
        "fewer than five messages per job were repeated"
    )
    assert 0.05 < rules["gcs"]["fired_count"] / rules["gcs"]["matched_count"] < 0.2
    email_counts = Counter(mail["to"][0] for mail in suite.list_emails())
    assert {client.user.email: email_counts[client.user.email] for client in clients} == {
        client.user.email: 1 for client in clients
    }
    for client, job in zip(clients, ended, strict=True):
        assert_one_result(services, client, job, expected, tmp_path)
    messages = pushed_count(suite.read_delivery_counts()) - pushed_count(before)
    print(
        f"{job_count} jobs in {elapsed_s:.0f} s, {messages} messages, each twice; "
        f"storage failed {rules['gcs']['fired_count']} of {rules['gcs']['matched_count']} calls"
    )


def assert_one_result(
    services: Services, client: Client, job: dict[str, Any], expected: bytes, folder: Path
) -> None:
    """Asserts that all units are done and counted once, and that the frames are as expected."""
    for doc in services.store.run_query(all_documents(f"jobs/{job['id']}/units")):
        assert doc.data["state"] == "done", doc.path
    for stage in parse_stages(services.store.run_query(stages_of(job["id"]))):
        # The notification has no shards.
        assert stage.done == (stage.total if stage.shard_count else 0), stage.name
    names = [artifact["name"] for artifact in job["artifacts"]]
    assert len(names) == len(set(names))
    archive = download_artifact(client, job, "frames.zip", folder)
    assert read_frames_zip(archive) == read_frames_zip(expected)


def pushed_count(counts: dict[str, dict[str, int]]) -> int:
    """Returns the number of all pushed messages."""
    return sum(count["pushed"] for count in counts.values())


def is_quiet(suite: SuiteHandle) -> bool:
    """Whether no message is in flight, now and half a second later."""
    for _ in range(2):
        if any(counts["in_flight"] for counts in suite.read_delivery_counts().values()):
            return False
        time.sleep(0.5)
    return True


def describe_unfinished(jobs: list[dict[str, Any]]) -> list[Any]:
    """Returns id, status and error of the jobs that are not done."""
    return [(job["id"], job["status"], job["error"]) for job in jobs if job["status"] != "done"]
