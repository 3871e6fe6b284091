"""Sends one email for each outcome of a job."""

from __future__ import annotations

from functions.notification.emails import Link, write_email
from functions.notification.mail_log import (
    discard_link,
    finish_mail,
    link_expires_at,
    start_mail,
)
from functions.notification.outcomes import find_main_result
from functions.notification.thumbnail import read_thumbnail
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.jobs.emails.mails import MailState
from shared.jobs.emails.preferences import Preferences, preferences_path
from shared.jobs.model import Status
from shared.jobs.units.outcomes import UnitDone
from shared.ports.outbound import MailRefused, MailResponseLost, MailUnavailable


def send_email(context: UnitContext) -> UnitDone:
    """Sends the email, unless the mail log shows that it was sent. Raises MailRefused,
    MailUnavailable.

    A crash between the server's acceptance and the record in the log causes one more copy of the
    email, with the same Message-ID and a link of its own.
    """
    job, clock = context.job, bootstrap.services().clock
    if not job.email:
        context.log("mail.no_address")
        return UnitDone()
    (doc,) = context.store.read([preferences_path(job.owner)])
    if job.status not in Preferences.from_doc(doc).mails:
        context.log("mail.opted_out", outcome=job.status)
        return UnitDone()
    settings = context.settings
    result = find_main_result(job) if job.status is Status.DONE else None
    mail = start_mail(
        context.store,
        job,
        context.envelope,
        result,
        subject=write_email(job, context.envelope, None, settings).subject,
        now=clock.now(),
        valid_days=settings.link_valid_days,
    )
    if mail.state is MailState.SENT:
        return UnitDone()
    if mail.state is MailState.REFUSED:
        raise MailRefused
    link = None
    if mail.token:
        link = Link(
            f"{settings.public_url}/v1/share/{mail.token}",
            link_expires_at(mail.created_at, job, settings.link_valid_days),
        )
    email = write_email(job, context.envelope, link, settings, read_thumbnail(context))
    context.check()
    try:
        bootstrap.mailer().send(email)
    except MailRefused:
        finish_mail(context.store, mail, MailState.REFUSED, clock.now())
        discard_link(context.store, mail)
        raise
    except MailResponseLost:
        # The server may have accepted the email, so its link must stay valid.
        raise
    except MailUnavailable:
        discard_link(context.store, mail)
        raise
    finish_mail(context.store, mail, MailState.SENT, clock.now())
    context.log("mail.sent", outcome=job.status)
    return UnitDone()
