"""The mail log under crashes: one letter, one link, whoever comes second."""

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


def looked_up(
    store: MemoryJobStore, job: Job, result: Artifact | None, now: datetime = NOW
) -> Mail:
    return start_mail(
        cast(JobStore, store),
        job,
        ENVELOPE,
        result,
        subject="Ready: Holiday",
        now=now,
        valid_days=7,
    )


def test_a_crash_before_the_server_answered_leads_to_the_same_link_again() -> None:
    store, job = MemoryJobStore(), make_job(status="done")

    first = looked_up(store, job, FRAMES_ZIP)
    second = looked_up(store, job, FRAMES_ZIP, NOW + timedelta(days=1))

    assert first == second
    assert first.created_at == NOW
    assert [path for path in store.documents if path.startswith("shares/")] == [
        f"shares/{first.token}"
    ]
    share = store.documents[f"shares/{first.token}"][0]
    assert (share["job"], share["owner"], share["artifact"]) == (job.id, "alice", "frames.zip")
    assert (share["revoked"], share["uses"]) == (False, 0)
    assert share["expires_at"] == NOW + timedelta(days=7)


def test_two_workers_at_once_agree_on_one_link() -> None:
    store, job = MemoryJobStore(), make_job(status="done")

    class Late(MemoryJobStore):
        """The other worker writes between our look and our write."""

        def __init__(self) -> None:
            super().__init__()
            self.documents = store.documents
            self.looked = False

        def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
            found = super().read(paths)
            if not self.looked:
                self.looked = True
                self.others = looked_up(store, job, FRAMES_ZIP)
            return found

    late = Late()
    mine = looked_up(late, job, FRAMES_ZIP)

    assert mine == late.others
    assert len([path for path in store.documents if path.startswith("shares/")]) == 1


def test_a_letter_without_a_result_makes_no_link() -> None:
    store = MemoryJobStore()

    assert looked_up(store, make_job(status="failed"), None).token == ""
    assert list(store.documents) == [mail_path(ENVELOPE)]


def test_the_log_tells_what_was_sent_to_whom_and_when() -> None:
    store, job = MemoryJobStore(), make_job(status="done")
    mail = looked_up(store, job, FRAMES_ZIP)

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


def test_a_log_that_went_with_its_job_stops_the_work() -> None:
    store = MemoryJobStore()
    mail = looked_up(store, make_job(status="done"), FRAMES_ZIP)
    store.documents.clear()

    with pytest.raises(LeaseLost):
        finish_mail(cast(JobStore, store), mail, MailState.SENT, NOW)
    assert store.documents == {}


def test_a_link_never_outlives_its_job() -> None:
    job = make_job(expires_at=NOW + timedelta(days=2))

    assert link_expires_at(NOW, job, 7) == NOW + timedelta(days=2)
    assert link_expires_at(NOW, job, 1) == NOW + timedelta(days=1)
