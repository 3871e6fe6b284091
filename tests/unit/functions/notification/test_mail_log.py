"""The mail log under crashes and concurrent workers: one record per email, one link per copy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from functions.notification.mail_log import (
    Mail,
    finish_mail,
    link_expires_at,
    mail_path,
    start_mail,
)
from shared.capabilities import hash_capability
from shared.flows.documents import CommitResult, Create, Doc, Write
from shared.flows.envelope import Envelope
from shared.jobs.emails.mails import MailState
from shared.jobs.model import Job
from shared.ports.store import JobStore
from shared.recipes.stored_object import Artifact
from shared.tasks.errors import LeaseLost
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


def share_paths(store: MemoryJobStore) -> list[str]:
    return [path for path in store.documents if path.startswith("shares/")]


def test_next_attempt_has_its_own_link_and_keeps_the_first() -> None:
    store, job = MemoryJobStore(), make_job(status="done")

    first = start(store, job, FRAMES_ZIP)
    second = start(store, job, FRAMES_ZIP, NOW + timedelta(days=1))

    assert first.token != second.token
    assert first.created_at == second.created_at == NOW
    assert share_paths(store) == [f"shares/{mail.share}" for mail in (first, second)]
    assert store.documents[mail_path(ENVELOPE)][0]["share"] == second.share
    for path in share_paths(store):
        share = store.documents[path][0]
        assert (share["job"], share["owner"], share["artifact"]) == (job.id, "alice", "frames.zip")
        assert (share["revoked"], share["uses"]) == (False, 0)
        assert share["expires_at"] == NOW + timedelta(days=7)


def test_no_document_contains_the_token() -> None:
    store = MemoryJobStore()

    mail = start(store, make_job(status="done"), FRAMES_ZIP)

    assert (len(mail.token), mail.share) == (48, hash_capability(mail.token))
    assert mail.token not in json.dumps(store.documents, default=str)


def test_record_of_the_version_before_gets_a_new_link() -> None:
    store, job = MemoryJobStore(), make_job(status="done")
    old = {"state": "sending", "token": "5" * 48, "created_at": NOW}
    store.commit([Create(mail_path(ENVELOPE), old)])

    mail = start(store, job, FRAMES_ZIP)

    assert mail.token not in ("", "5" * 48)
    assert share_paths(store) == [f"shares/{mail.share}"]


@pytest.mark.parametrize("result", [FRAMES_ZIP, None], ids=["link", "no link"])
@pytest.mark.parametrize("state", MailState)
def test_version_before_can_read_every_record(state: MailState, result: Artifact | None) -> None:
    """It reads these fields. An empty token means an email without a link."""
    store = MemoryJobStore()
    mail = start(store, make_job(status="done"), result)
    if state is not MailState.SENDING:
        finish_mail(cast(JobStore, store), mail, state, NOW)

    row = store.documents[mail_path(ENVELOPE)][0]
    assert (row["state"], row["token"], row["created_at"]) == (state, "", NOW)


def test_link_of_the_version_before_is_kept() -> None:
    """So that it sends the same link after a rollback."""
    store = MemoryJobStore()
    old = {"state": "sending", "token": "5" * 48, "created_at": NOW}
    store.commit([Create(mail_path(ENVELOPE), old)])
    start(store, make_job(status="done"), FRAMES_ZIP)

    assert store.documents[mail_path(ENVELOPE)][0]["token"] == "5" * 48


@pytest.mark.parametrize("state", [MailState.SENT, MailState.REFUSED])
def test_finished_email_gets_no_other_link(state: MailState) -> None:
    store, job = MemoryJobStore(), make_job(status="done")
    mail = start(store, job, FRAMES_ZIP)
    finish_mail(cast(JobStore, store), mail, state, NOW)

    again = start(store, job, FRAMES_ZIP)

    assert (again.state, again.share, again.token) == (state, mail.share, "")
    assert share_paths(store) == [f"shares/{mail.share}"]


def test_concurrent_workers_have_a_link_each() -> None:
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
    mail = start(racing, job, FRAMES_ZIP)

    assert racing.other_mail is not None
    assert share_paths(store) == [f"shares/{racing.other_mail.share}", f"shares/{mail.share}"]


def test_email_that_another_worker_finished_is_not_sent_again() -> None:
    store, job = MemoryJobStore(), make_job(status="done")

    class RacingJobStore(MemoryJobStore):
        """Another worker sends the email, which has no link, after the first read."""

        def __init__(self) -> None:
            super().__init__()
            self.documents = store.documents

        def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
            docs = super().read(paths)
            if not store.documents:
                finish_mail(cast(JobStore, store), start(store, job, None), MailState.SENT, NOW)
            return docs

    assert start(RacingJobStore(), job, None).state is MailState.SENT


def test_commit_whose_response_was_lost_creates_one_link() -> None:
    class ForgetfulJobStore(MemoryJobStore):
        """Commits, and reports what a repetition of the commit would."""

        def commit(self, writes: Iterable[Write]) -> CommitResult:
            writes = list(writes)
            super().commit(writes)
            return super().commit(writes)

    store = ForgetfulJobStore()
    mail = start(store, make_job(status="done"), FRAMES_ZIP)

    assert mail.token
    assert share_paths(store) == [f"shares/{mail.share}"]


def test_email_without_a_result_has_no_link() -> None:
    store = MemoryJobStore()

    mail = start(store, make_job(status="failed"), None)
    assert (mail.token, mail.share) == ("", "")
    assert start(store, make_job(status="failed"), None) == mail
    assert list(store.documents) == [mail_path(ENVELOPE)]


def test_record_of_a_sent_email() -> None:
    store, job = MemoryJobStore(), make_job(status="done")
    mail = start(store, job, FRAMES_ZIP)

    finish_mail(cast(JobStore, store), mail, MailState.SENT, NOW + timedelta(seconds=3))

    row = store.documents[mail_path(ENVELOPE)][0]
    assert row == {
        "owner": "alice",
        "kind": "job.done",
        "job": job.id,
        "to": "alice@moodreel.test",
        "subject": "Ready: Holiday",
        "outcome": "done",
        "state": "sent",
        "share": mail.share,
        "token": "",
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


def test_record_deleted_between_read_and_write_raises_lease_lost() -> None:
    class DeletingJobStore(MemoryJobStore):
        def commit(self, writes: Iterable[Write]) -> CommitResult:
            self.documents.clear()
            return super().commit(writes)

    store = DeletingJobStore()
    store.documents = start_documents()

    with pytest.raises(LeaseLost):
        start(store, make_job(status="done"), FRAMES_ZIP)


def start_documents() -> dict[str, Any]:
    store = MemoryJobStore()
    start(store, make_job(status="done"), FRAMES_ZIP)
    return store.documents


def test_link_expires_with_the_job() -> None:
    job = make_job(expires_at=NOW + timedelta(days=2))

    assert link_expires_at(NOW, job, 7) == NOW + timedelta(days=2)
    assert link_expires_at(NOW, job, 1) == NOW + timedelta(days=1)
