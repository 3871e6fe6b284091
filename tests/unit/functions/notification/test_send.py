"""Emails that the mail server does not accept: what happens to their links."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from functions.notification.send import send_email
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.flows.envelope import Envelope
from shared.ports.outbound import (
    Email,
    MailOverloaded,
    MailRefused,
    MailResponseLost,
    MailUnavailable,
)
from tests.fakes.application import SETTINGS
from tests.fakes.clock import ManualClock
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.jobs import FRAMES_ZIP, make_job


class Notification:
    """The unit of a job that is done, and a mail server whose response is `error`, None for OK."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = MemoryJobStore()
        self.emails: list[Email] = []
        self.error: Exception | None = None
        job = make_job(status="done", artifacts=[FRAMES_ZIP.to_dict()])
        self.context = SimpleNamespace(
            job=job,
            store=self.store,
            envelope=Envelope(job.id, "notification", "done.e0", 0, 0),
            settings=SETTINGS,
            log=lambda *_args, **_fields: None,
            check=lambda: None,
        )
        monkeypatch.setattr(bootstrap, "services", lambda: SimpleNamespace(clock=ManualClock()))
        monkeypatch.setattr(bootstrap, "mailer", lambda: self)

    def send(self, email: Email) -> None:
        self.emails.append(email)
        if self.error is not None:
            raise self.error

    def run(self, error: Exception | None = None) -> None:
        self.error = error
        send_email(cast(UnitContext, self.context))

    @property
    def share_count(self) -> int:
        return len([path for path in self.store.documents if path.startswith("shares/")])


@pytest.fixture
def notification(monkeypatch: pytest.MonkeyPatch) -> Notification:
    return Notification(monkeypatch)


@pytest.mark.parametrize("error", [MailOverloaded("a"), MailUnavailable("a"), MailRefused("a")])
def test_link_of_an_email_that_was_not_accepted_is_deleted(
    notification: Notification, error: Any
) -> None:
    with pytest.raises(type(error)):
        notification.run(error)

    assert notification.share_count == 0


def test_email_after_an_outage_has_the_only_link(notification: Notification) -> None:
    for _ in range(3):
        with pytest.raises(MailOverloaded):
            notification.run(MailOverloaded("a"))
    notification.run()
    notification.run()

    assert (notification.share_count, len(notification.emails)) == (1, 4)


def test_link_of_an_email_that_may_have_been_accepted_is_kept(notification: Notification) -> None:
    with pytest.raises(MailResponseLost):
        notification.run(MailResponseLost("a"))
    notification.run()

    assert notification.share_count == 2
    assert len({email.message_id for email in notification.emails}) == 1
    assert len({email.text for email in notification.emails}) == 2
