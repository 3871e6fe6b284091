"""Faults of storage and of the mail server change no result."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fixtures.suite.frames_job import run_frames_job

pytestmark = pytest.mark.suite


def test_storage_that_fails_every_tenth_call_changes_no_result(
    suite: SuiteHandle, clip: Path, tmp_path: Path
) -> None:
    client = suite.client()
    _, expected = run_frames_job(suite, client, clip, tmp_path, every="0.5")
    suite.add_storage_fault(
        {"match": {"path_regex": "/storage/.*|/upload/.*"}, "action": {"status": 503}, "rate": 0.1,
         "count": 1000}
    )  # fmt: skip
    try:
        _, archive = run_frames_job(suite, client, clip, tmp_path, every="0.5")
    finally:
        suite.clear_storage_faults()
    assert archive == expected


def test_busy_mail_server_gets_the_email_later_and_once(suite: SuiteHandle, clip: Path) -> None:
    user = suite.user()
    client = suite.client(user)
    suite.refuse_emails("451 4.3.0 Try later", to=user.email)
    job_id = suite.start_job(client, "frames", clip)
    assert suite.wait_for_job(client, job_id)["status"] == "done"
    emails = wait_until(lambda: suite.list_emails(user.email), "the e-mail")
    assert len(emails) == 1


def test_refused_address_leaves_the_job_done(suite: SuiteHandle, clip: Path) -> None:
    user = suite.user()
    client = suite.client(user)
    suite.refuse_emails("550 5.1.1 No such user", to=user.email)
    job_id = suite.start_job(client, "frames", clip)
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done"
    failed_stage = wait_until(
        lambda: next(
            (
                stage
                for stage in client.get_job(job_id)["stages"]
                if stage["name"] == "notification" and stage["state"] == "failed"
            ),
            None,
        ),
        "the notification to give up",
    )
    assert failed_stage["error"]["code"] == "mail-refused"
    assert client.get_job(job_id)["status"] == "done"
