"""The mail log: `mails/{job}.{revision}.{part}`, written before and after an email is sent.

An email and its link are recorded in one batch before it is sent. After a crash or a lost lease
the next attempt reads the record and uses its token, so that every copy has the same link.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.errors import LeaseLost
from shared.flows.documents import CommitResult, Create, Update, Write
from shared.flows.envelope import Envelope
from shared.jobs.model import Job
from shared.jobs.share_links import new_share
from shared.ports.store import JobStore
from shared.recipes.stored_object import Artifact

TOKEN_BYTES = 24


class MailState(StrEnum):
    """SENDING until the mail server has responded. SENT and REFUSED are final."""

    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Mail:
    """A record of the log. `token` is "" for an email without a link."""

    path: str
    state: MailState
    token: str
    created_at: datetime


def mail_path(envelope: Envelope) -> str:
    """mails/{job}.{revision}.{outcome}.e{epoch}"""
    return f"mails/{envelope.job_id}.{envelope.revision}.{envelope.part}"


def link_expires_at(created_at: datetime, job: Job, valid_days: int) -> datetime:
    """Returns when the link of an email expires: never later than the job."""
    return min(created_at + timedelta(days=valid_days), job.expires_at)


def start_mail(
    store: JobStore,
    job: Job,
    envelope: Envelope,
    result: Artifact | None,
    *,
    subject: str,
    now: datetime,
    valid_days: int,
) -> Mail:
    """Returns the record of this email. When there is none, it is created with its link."""
    path = mail_path(envelope)
    if (mail := _read(store, path)) is not None:
        return mail
    token = "" if result is None else secrets.token_hex(TOKEN_BYTES)
    row: dict[str, Any] = {
        "owner": job.owner,
        "job": job.id,
        "to": job.email,
        "subject": subject,
        "outcome": job.status,
        "state": MailState.SENDING,
        "token": token,
        "created_at": now,
        "sent_at": None,
        "expires_at": job.expires_at,
    }
    writes: list[Write] = [Create(path, row)]
    if result is not None:
        expires_at = link_expires_at(now, job, valid_days)
        writes.append(new_share(token, job, result.name, now, expires_at))
    if store.commit(writes) is not CommitResult.OK and (mail := _read(store, path)) is not None:
        return mail
    return Mail(path, MailState.SENDING, token, now)


def finish_mail(store: JobStore, mail: Mail, state: MailState, now: datetime) -> None:
    """Records the final state. Raises LeaseLost when the job was deleted."""
    sent_at = now if state is MailState.SENT else None
    result = store.commit([Update(mail.path, {"state": state, "sent_at": sent_at})])
    if result is not CommitResult.OK:
        # The record was deleted with its job.
        raise LeaseLost


def _read(store: JobStore, path: str) -> Mail | None:
    (doc,) = store.read([path])
    if doc is None:
        return None
    return Mail(path, MailState(doc.data["state"]), doc.data["token"], doc.data["created_at"])
