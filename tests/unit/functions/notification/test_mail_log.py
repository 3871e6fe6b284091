"""The mail log under crashes and concurrent workers: one record and one link per email."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

import pytest

from functions.notification.mail_log import (
    Mail,
    MailState,
    finish_mail,
    link_expires_at,
    mail_path,
    start_mail,
)
from shared.errors import LeaseLost
from shared.flows.documents import Doc
from shared.flows.envelope import Envelope
from shared.jobs.model import Job
from shared.ports.store import JobStore
from shared.recipes.stored_object import Artifact
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.jobs import FRAMES_ZIP, NOW, make_job

ENVELOPE = Envelope("j" * 20, "notification", "done.e0", 0, 0)


def start(store: MemoryJobStore, job: Job, result: Artifact | None, now: datetime = NOW) -> Mail:
    return start_mail(
        cast(JobStore, store),
        job,
        ENVELOPE,
        result,
        subject="Ready: Holiday",
        now=now,
        valid_days=7,
    )


def test_next_attempt_uses_the_same_link() -> None:
    store, job = MemoryJobStore(), make_job(status="done")

    first = start(store, job, FRAMES_ZIP)
    second = start(store, job, FRAMES_ZIP, NOW + timedelta(days=1))

    assert first == second
    assert first.created_at == NOW
    assert [path for path in store.documents if path.startswith("shares/")] == [
        f"shares/{first.token}"
    ]
    share = store.documents[f"shares/{first.token}"][0]
    assert (share["job"], share["owner"], share["artifact"]) == (job.id, "alice", "frames.zip")
    assert (share["revoked"], share["uses"]) == (False, 0)
    assert share["expires_at"] == NOW + timedelta(days=7)


def test_concurrent_workers_use_the_same_link() -> None:
    store, job = MemoryJobStore(), make_job(status="done")

    class RacingJobStore(MemoryJobStore):
        """Another worker starts the mail after the first read."""

        def __init__(self) -> None:
            super().__init__()
            self.documents = store.documents
            self.other_mail: Mail | None = None

        def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
            docs = super().read(paths)
            if self.other_mail is None:
                self.other_mail = start(store, job, FRAMES_ZIP)
            return docs

    racing = RacingJobStore()

    assert start(racing, job, FRAMES_ZIP) == racing.other_mail
    assert len([path for path in store.documents if path.startswith("shares/")]) == 1


def test_email_without_a_result_has_no_link() -> None:
    store = MemoryJobStore()

    assert start(store, make_job(status="failed"), None).token == ""
    assert list(store.documents) == [mail_path(ENVELOPE)]


def test_record_of_a_sent_email() -> None:
    store, job = MemoryJobStore(), make_job(status="done")
    mail = start(store, job, FRAMES_ZIP)

    finish_mail(cast(JobStore, store), mail, MailState.SENT, NOW + timedelta(seconds=3))

    row = store.documents[mail_path(ENVELOPE)][0]
    assert row == {
        "owner": "alice",
        "job": job.id,
        "to": "alice@moodreel.test",
        "subject": "Ready: Holiday",
        "outcome": "done",
        "state": "sent",
        "token": mail.token,
        "created_at": NOW,
        "sent_at": NOW + timedelta(seconds=3),
        "expires_at": job.expires_at,
    }


def test_deleted_record_raises_lease_lost() -> None:
    store = MemoryJobStore()
    mail = start(store, make_job(status="done"), FRAMES_ZIP)
    store.documents.clear()

    with pytest.raises(LeaseLost):
        finish_mail(cast(JobStore, store), mail, MailState.SENT, NOW)
    assert store.documents == {}


def test_link_expires_with_the_job() -> None:
    job = make_job(expires_at=NOW + timedelta(days=2))

    assert link_expires_at(NOW, job, 7) == NOW + timedelta(days=2)
    assert link_expires_at(NOW, job, 1) == NOW + timedelta(days=1)
