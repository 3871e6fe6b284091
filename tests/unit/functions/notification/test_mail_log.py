"""The mail log under crashes: one letter, one link, whoever comes second."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

import pytest

from functions.notification.mail_log import (
    Mail,
    MailState,
    close_mail,
    link_end,
    mail_path,
    open_mail,
)
from shared.errors import LeaseLost
from shared.flows.documents import Doc
from shared.flows.envelope import Envelope
from shared.jobs.model import Job
from shared.ports.store import JobStore
from shared.recipes.stored_object import Artefact
from tests.fakes.job_store import MemoryLedger
from tests.fixtures.jobs import NOW, ZIP, a_job

ENVELOPE = Envelope("j" * 20, "notification", "done.e0", 0, 0)


def looked_up(ledger: MemoryLedger, job: Job, result: Artefact | None, now: datetime = NOW) -> Mail:
    return open_mail(
        cast(JobStore, ledger),
        job,
        ENVELOPE,
        result,
        subject="Ready: Holiday",
        now=now,
        valid_days=7,
    )


def test_a_crash_before_the_server_answered_leads_to_the_same_link_again() -> None:
    ledger, job = MemoryLedger(), a_job(status="done")

    first = looked_up(ledger, job, ZIP)
    second = looked_up(ledger, job, ZIP, NOW + timedelta(days=1))

    assert first == second
    assert first.created_at == NOW
    assert [path for path in ledger.docs if path.startswith("shares/")] == [f"shares/{first.token}"]
    share = ledger.docs[f"shares/{first.token}"][0]
    assert (share["job"], share["owner"], share["artefact"]) == (job.id, "alice", "frames.zip")
    assert (share["revoked"], share["uses"]) == (False, 0)
    assert share["expires_at"] == NOW + timedelta(days=7)


def test_two_workers_at_once_agree_on_one_link() -> None:
    ledger, job = MemoryLedger(), a_job(status="done")

    class Late(MemoryLedger):
        """The other worker writes between our look and our write."""

        def __init__(self) -> None:
            super().__init__()
            self.docs = ledger.docs
            self.looked = False

        def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
            found = super().read(paths)
            if not self.looked:
                self.looked = True
                self.others = looked_up(ledger, job, ZIP)
            return found

    late = Late()
    mine = looked_up(late, job, ZIP)

    assert mine == late.others
    assert len([path for path in ledger.docs if path.startswith("shares/")]) == 1


def test_a_letter_without_a_result_makes_no_link() -> None:
    ledger = MemoryLedger()

    assert looked_up(ledger, a_job(status="failed"), None).token == ""
    assert list(ledger.docs) == [mail_path(ENVELOPE)]


def test_the_log_tells_what_was_sent_to_whom_and_when() -> None:
    ledger, job = MemoryLedger(), a_job(status="done")
    mail = looked_up(ledger, job, ZIP)

    close_mail(cast(JobStore, ledger), mail, MailState.SENT, NOW + timedelta(seconds=3))

    row = ledger.docs[mail_path(ENVELOPE)][0]
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
    ledger = MemoryLedger()
    mail = looked_up(ledger, a_job(status="done"), ZIP)
    ledger.docs.clear()

    with pytest.raises(LeaseLost):
        close_mail(cast(JobStore, ledger), mail, MailState.SENT, NOW)
    assert ledger.docs == {}


def test_a_link_never_outlives_its_job() -> None:
    job = a_job(expires_at=NOW + timedelta(days=2))

    assert link_end(NOW, job, 7) == NOW + timedelta(days=2)
    assert link_end(NOW, job, 1) == NOW + timedelta(days=1)
