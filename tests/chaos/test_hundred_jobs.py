"""A crowd of jobs while messages come twice and storage stumbles: one result and one mail each."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.pipeline import BUSY_WAIT_S
from shared.runtime.interpreter import Services
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip, run_frames_job

pytestmark = pytest.mark.suite

STORAGE = {"match": {"path_regex": "^/(storage|upload|batch)/"}, "action": {"status": 503}}
"""The calls of functions; a person's upload by signed URL is XML."""


@pytest.mark.parametrize(
    ("jobs", "patience_s"),
    [(8, 90), pytest.param(100, 900, marks=pytest.mark.sweep)],
)
def test_every_message_twice_and_one_storage_call_in_ten_failing(
    suite: SuiteHandle,
    services: Services,
    tmp_path: Path,
    jobs: int,
    patience_s: float,
) -> None:
    clip = CLIP_SPECS["cfr30"].encode().path
    alone = suite.client()
    _, expected = run_frames_job(suite, alone, clip, tmp_path, every="1")
    before, people = suite.read_delivery_counts(), [suite.client() for _ in range(jobs)]
    suite.add_message_fault("messages", {"repeat": 2})
    suite.add_storage_fault({**STORAGE, "rate": 0.1, "seed": 7})
    begin = time.monotonic()
    try:
        with ThreadPoolExecutor(4) as pool:
            ids = list(
                pool.map(
                    lambda client: suite.start_job(client, "frames", clip, options={"every": "1"}),
                    people,
                )
            )
        limit = begin + patience_s
        ended = [
            suite.wait_for_job(client, job_id, max(1.0, limit - time.monotonic()))
            for client, job_id in zip(people, ids, strict=True)
        ]
        took_s = time.monotonic() - begin
        for client in people:
            wait_until(lambda who=client.user.email: suite.list_emails(who), "the mail")  # type: ignore[misc]
        # A copy may be waiting for its twin; after that, whatever was to be done twice was done.
        wait_until(lambda: is_quiet(suite), "the last copies", 60 + BUSY_WAIT_S)
        rules = {one["server"]: one for one in suite.list_faults()}
    finally:
        suite.clear_message_faults()
        suite.clear_storage_faults()

    assert Counter(job["status"] for job in ended) == {"done": jobs}, errors_of(ended)
    assert rules["push"]["fired_count"] >= 5 * jobs, "no five messages of every job came twice"
    assert 0.05 < rules["gcs"]["fired_count"] / rules["gcs"]["matched_count"] < 0.2
    mails = Counter(mail["to"][0] for mail in suite.list_emails())
    assert {client.user.email: mails[client.user.email] for client in people} == {
        client.user.email: 1 for client in people
    }
    for client, job in zip(people, ended, strict=True):
        assert_one_result(services, client, job, expected, tmp_path)
    messages = total(suite.read_delivery_counts()) - total(before)
    print(
        f"{jobs} jobs in {took_s:.0f} s, {messages} messages, each twice; "
        f"storage failed {rules['gcs']['fired_count']} of {rules['gcs']['matched_count']} calls"
    )


def assert_one_result(
    services: Services, client: Client, job: dict[str, Any], expected: bytes, folder: Path
) -> None:
    """Every unit done, every part counted once, one object an artifact, the bytes as they are."""
    for doc in services.store.list_documents(f"jobs/{job['id']}/units"):
        assert doc.data["state"] == "done", doc.path
    for doc in services.store.list_documents(f"jobs/{job['id']}/stages"):
        assert doc.data["done"] == doc.data["total"], doc.path
    names = [one["name"] for one in job["artifacts"]]
    assert len(names) == len(set(names))
    archive = download_artifact(client, job, "frames.zip", folder)
    assert read_frames_zip(archive) == read_frames_zip(expected)


def total(told: dict[str, dict[str, int]]) -> int:
    """All messages that were pushed."""
    return sum(one["pushed"] for one in told.values())


def is_quiet(suite: SuiteHandle) -> bool:
    """Whether nothing is on its way to a function, now and half a second later."""
    for _ in range(2):
        if any(one["in_flight"] for one in suite.read_delivery_counts().values()):
            return False
        time.sleep(0.5)
    return True


def errors_of(jobs: list[dict[str, Any]]) -> list[Any]:
    """What the jobs that are not done say."""
    return [(job["id"], job["status"], job["error"]) for job in jobs if job["status"] != "done"]
