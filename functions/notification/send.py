"""One outcome, one letter."""

from __future__ import annotations

from functions.notification.emails import Link, subject_of, write_letter
from functions.notification.mail_log import MailState, close_mail, link_end, open_mail
from functions.notification.outcomes import main_result
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import Task
from shared.errors import MailRefused
from shared.jobs.claims import Finished
from shared.jobs.model import Status
from shared.jobs.preferences import Preferences, preferences_path


def tell(task: Task) -> Finished:
    """Send the letter unless the log says that it is out. Raises MailRefused, MailUnavailable.

    A crash between the server's acceptance and our record costs one more copy of the same letter,
    with the same Message-ID and the same link.
    """
    job, clock = task.job, bootstrap.neighbours().clock
    if not job.email:
        task.log("mail.no_address")
        return Finished()
    (chosen,) = task.store.read([preferences_path(job.owner)])
    if job.status not in Preferences.from_doc(chosen).mailed:
        task.log("mail.not_wanted", outcome=job.status)
        return Finished()
    settings = task.settings
    found = main_result(job) if job.status is Status.DONE else None
    result = None if found is None else found[0]
    mail = open_mail(
        task.store,
        job,
        task.envelope,
        result,
        subject=subject_of(job),
        now=clock.now(),
        valid_days=settings.links_valid_days,
    )
    if mail.state is MailState.SENT:
        return Finished()
    if mail.state is MailState.REFUSED:
        raise MailRefused
    link = None
    if mail.token:
        link = Link(
            f"{settings.public_url}/v1/share/{mail.token}",
            link_end(mail.created_at, job, settings.links_valid_days),
        )
    letter = write_letter(job, task.envelope, link, settings.mail_from)
    task.check()
    try:
        bootstrap.mailer().send(letter)
    except MailRefused:
        close_mail(task.store, mail, MailState.REFUSED, clock.now())
        raise
    close_mail(task.store, mail, MailState.SENT, clock.now())
    task.log("mail.sent", outcome=job.status)
    return Finished()
