"""Sends an email of a task, once, and records it in the mail log."""

from __future__ import annotations

from functions.webhook.call import RETRY_DELAYS_S
from shared.entrypoints import bootstrap
from shared.entrypoints.task import TaskContext
from shared.flows.documents import CommitResult, Update, Write
from shared.flows.effects import Failed, Later
from shared.jobs.emails.mails import MailState, mail_path, new_mail
from shared.ports.outbound import Email, MailOverloaded, MailRefused, MailUnavailable
from shared.tasks.task import TaskDone, TaskOutcome


def send_once(
    context: TaskContext, email: Email, kind: str, guard: tuple[Write, ...] = ()
) -> TaskOutcome:
    """Sends the email of a task unless the mail log shows that it was sent. Raises MailOverloaded.

    A crash between the mail server's acceptance and the record causes one more copy with the same
    Message-ID.

    Args:
        kind: What the email is about, for the log.
        guard: Part of the batch that records the email: nothing is sent when a document that it
            updates is gone.
    """
    services, task = context.services, context.task
    path = mail_path(task.id)
    record = new_mail(
        task.id, owner=task.owner, kind=kind, to=email.to, subject=email.subject,
        now=services.clock.now(), job_id=task.data["job"],
    )  # fmt: skip
    (doc,) = services.store.read([path])
    if doc is None and services.store.commit([record, *guard]) is CommitResult.MISSING:
        return Failed("job-deleted", "The job was deleted.")
    if doc is not None and doc.data["state"] == MailState.SENT:
        return TaskDone()
    try:
        bootstrap.mailer().send(email)
    except MailRefused as error:
        refused = Update(path, {"state": MailState.REFUSED})
        return Failed(error.code, str(error), writes=(refused,))
    except MailOverloaded:
        # The task waits for the mail server without using an attempt.
        raise
    except MailUnavailable as error:
        wait_s = RETRY_DELAYS_S[min(context.attempt, len(RETRY_DELAYS_S)) - 1]
        return Later(wait_s, error.code, str(error))
    services.log("mail.sent", kind=kind)
    sent = Update(path, {"state": MailState.SENT, "sent_at": services.clock.now()})
    return TaskDone(writes=(sent,))
