"""The mail log: `mails/{job}.{revision}.{part}`, written before and after an email is sent.

An email and its link are recorded in one batch before it is sent. The token of the link is not
stored. So after a crash or a lost lease, the next attempt creates another link, and the link of a
copy that was sent before stays valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.capabilities import hash_capability, new_capability
from shared.flows.documents import CommitResult, Create, Delete, Update, Write
from shared.flows.envelope import Envelope
from shared.jobs.emails.mails import MailState
from shared.jobs.model import Job
from shared.jobs.share_links import new_share, share_path
from shared.ports.store import JobStore
from shared.recipes.stored_object import Artifact
from shared.tasks.errors import LeaseLost


@dataclass(frozen=True, slots=True)
class Mail:
    """A record of the log. `share` is the id of the email's link, "" without one, and `token` its
    token, "" unless the link was just created."""

    path: str
    state: MailState
    share: str
    created_at: datetime
    token: str = ""


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
    """Returns the record of this email. Unless the email was sent or refused, the record has a new
    link. Raises LeaseLost when the job was deleted."""
    path = mail_path(envelope)
    mail = _read(store, path)
    while mail is None or mail.state is MailState.SENDING:
        token = "" if result is None else new_capability()
        share = hash_capability(token) if token else ""
        created_at = now if mail is None else mail.created_at
        row: dict[str, Any] = {
            "owner": job.owner,
            "kind": f"job.{job.status}",
            "job": job.id,
            "to": job.email,
            "subject": subject,
            "outcome": job.status,
            "state": MailState.SENDING,
            "share": share,
            # The version before requires this field. "": no link, if it sends this email after a
            # rollback.
            "token": "",
            "created_at": now,
            "sent_at": None,
            "expires_at": job.expires_at,
        }
        writes: list[Write] = [
            Create(path, row) if mail is None else Update(path, {"share": share})
        ]
        if result is not None:
            expires_at = link_expires_at(created_at, job, valid_days)
            writes.append(new_share(token, job, result.name, now, expires_at))
        committed = store.commit(writes) is CommitResult.OK
        # Another worker may have created the record. The client library repeats a commit whose
        # response was lost, and then conflicts with itself.
        if not committed and (mail := _read(store, path)) is None:
            raise LeaseLost
        is_own = mail is not None and mail.state is MailState.SENDING and mail.share == share
        if committed or is_own:
            return Mail(path, MailState.SENDING, share, created_at, token)
    return mail


def discard_link(store: JobStore, mail: Mail) -> None:
    """Deletes the link of an email that the mail server did not accept: nobody has its token."""
    if mail.share:
        store.commit([Delete(share_path(mail.share))])


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
    state, share = MailState(doc.data["state"]), doc.data.get("share", "")
    return Mail(path, state, share, doc.data["created_at"])
