"""The emails sent to users: `mails/{id}`, which the mail log shows."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from shared.flows.documents import Create

MAILS = "mails"
RETENTION_DAYS = 90
"""How long an email is in the log that is not about a job. Others are deleted with their jobs."""


class MailState(StrEnum):
    """SENDING until the mail server has responded. SENT and REFUSED are final."""

    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"


def mail_path(mail_id: str) -> str:
    """mails/{mail}"""
    return f"{MAILS}/{mail_id}"


def derive_mail_id(seed: str) -> str:
    """Returns the id of an email that a request sends, from the seed of the request."""
    return hashlib.sha256(f"mail {seed}".encode()).hexdigest()[:20]


def new_mail(
    mail_id: str,
    *,
    owner: str,
    kind: str,
    to: str,
    subject: str,
    now: datetime,
    job_id: str = "",
    state: MailState = MailState.SENDING,
) -> Create:
    """Returns the write that records an email without a download link.

    Args:
        kind: The event that it is about, such as `export.ready`.
        job_id: The job with which it is deleted, or "".
    """
    return Create(
        mail_path(mail_id),
        {
            "owner": owner,
            "kind": kind,
            "job": job_id,
            "to": to,
            "subject": subject,
            "outcome": "",
            "state": state,
            "share": "",
            "token": "",
            "created_at": now,
            "sent_at": now if state is MailState.SENT else None,
            "expires_at": now + timedelta(days=RETENTION_DAYS),
        },
    )
