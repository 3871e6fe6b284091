"""The emails for a job that is done, has failed or was cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from functions.notification.outcomes import (
    count_spoken_moments,
    find_advice,
    find_main_result,
    format_count,
    format_size,
)
from shared.flows.envelope import Envelope
from shared.jobs.emails.page import Page, render_html
from shared.jobs.model import Job, Status
from shared.ports.outbound import Email

MAX_TITLE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Link:
    """A download link and when it expires."""

    url: str
    expires_at: datetime


def write_email(job: Job, envelope: Envelope, link: Link | None, sender: str) -> Email:
    """Returns the email for a terminal job. `link` is for its main result, None without one."""
    if job.status is Status.DONE:
        page = _done_page(job, link)
    elif job.status is Status.FAILED:
        page = _failed_page(job)
    else:
        page = _cancelled_page(job)
    return Email(
        to=job.email,
        subject=subject_of(job),
        text=page.render_text(),
        html=render_html(page),
        message_id=message_id(envelope, sender),
    )


def message_id(envelope: Envelope, sender: str) -> str:
    """Returns the Message-ID, which is the same for every copy: job, revision, outcome, epoch."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{envelope.job_id}.{envelope.revision}.{envelope.part}@{domain}>"


def subject_of(job: Job) -> str:
    """Returns the subject: the outcome, then the title."""
    outcomes = {Status.DONE: "Ready", Status.FAILED: "Failed", Status.CANCELLED: "Cancelled"}
    return f"{outcomes[job.status]}: {title_of(job)}"


def title_of(job: Job) -> str:
    """Returns the job's title on one line, cut to MAX_TITLE_CHARS."""
    title = " ".join(job.title.split()) or job.recipe_name
    return title if len(title) <= MAX_TITLE_CHARS else title[: MAX_TITLE_CHARS - 1].rstrip() + "…"


def _done_page(job: Job, link: Link | None) -> Page:
    title = title_of(job)
    main_result = find_main_result(job)
    facts = [("Recipe", job.recipe_name)]
    if main_result is None or link is None:
        return Page(
            f"“{title}” is done.", ["Sign in to see the results."], facts,
            warnings=job.warnings,
        )  # fmt: skip
    artifact, wording = main_result
    if count := format_count(job, wording):
        facts.append(("Made", count))
    if moments := count_spoken_moments(job):
        facts.append(("Strongest moments", f"{moments} with a sentence"))
    facts.append(("File", f"{artifact.name}, {format_size(artifact.size_bytes)}"))
    return Page(
        f"{wording.noun} from “{title}” can be downloaded.",
        [],
        facts,
        button=(wording.button, link.url),
        below_button=(
            f"The link is valid until {link.expires_at:%-d %B %Y, %H:%M} UTC. Anyone who has it "
            "can download the file; you can revoke it at any time."
        ),
        warnings=job.warnings,
    )


def _failed_page(job: Job) -> Page:
    title = title_of(job)
    error = job.error or {}
    code = str(error.get("code", "unexpected"))
    reason = str(error.get("message") or "The job stopped for a reason that was not recorded.")
    facts = [("Recipe", job.recipe_name), ("Reason", code)]
    if stage := error.get("stage"):
        facts.append(("Stage", str(stage).replace("_", " ")))
    return Page(
        f"“{title}” could not be finished.",
        [reason, find_advice(code, str(error.get("stage") or ""))],
        facts,
        warnings=job.warnings,
    )


def _cancelled_page(job: Job) -> Page:
    title = title_of(job)
    return Page(
        f"“{title}” was cancelled.",
        [
            "It will not continue. "
            "Results that were finished before are kept until the job is deleted."
        ],
        [("Recipe", job.recipe_name)],
    )
