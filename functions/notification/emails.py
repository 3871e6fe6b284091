"""The letters: what is told when a job is done, has failed or was cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from functions.notification.outcomes import find_advice, find_main_result, format_count, format_size
from functions.notification.page import Page, render_html
from shared.flows.envelope import Envelope
from shared.jobs.model import Job, Status
from shared.ports.outbound import Email

MAX_TITLE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Link:
    """A link for people, and until when it leads somewhere."""

    url: str
    expires_at: datetime


def write_email(job: Job, envelope: Envelope, link: Link | None, sender: str) -> Email:
    """The letter for a terminal job. `link` leads to its main result, when it has one."""
    if job.status is Status.DONE:
        told = _done(job, link)
    elif job.status is Status.FAILED:
        told = _failed(job)
    else:
        told = _cancelled(job)
    return Email(
        to=job.email,
        subject=subject_of(job),
        text=told.render_text(),
        html=render_html(told),
        message_id=message_id(envelope, sender),
    )


def message_id(envelope: Envelope, sender: str) -> str:
    """The same for every copy of a letter: by job, revision, outcome and epoch."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{envelope.job_id}.{envelope.revision}.{envelope.part}@{domain}>"


def subject_of(job: Job) -> str:
    """The subject: how it ended, then what it is about."""
    ends = {Status.DONE: "Ready", Status.FAILED: "Failed", Status.CANCELLED: "Cancelled"}
    return f"{ends[job.status]}: {title_of(job)}"


def title_of(job: Job) -> str:
    """The job's title on one line, cut where a subject would be cut."""
    title = " ".join(job.title.split()) or job.recipe_name
    return title if len(title) <= MAX_TITLE_CHARS else title[: MAX_TITLE_CHARS - 1].rstrip() + "…"


def _done(job: Job, link: Link | None) -> Page:
    title = title_of(job)
    found = find_main_result(job)
    facts = [("Recipe", job.recipe_name)]
    if found is None or link is None:
        return Page(
            f"“{title}” is done.", ["Sign in to see what came out of it."], facts,
            warnings=job.warnings,
        )  # fmt: skip
    artifact, result = found
    if count := format_count(job, result):
        facts.append(("Made", count))
    facts.append(("File", f"{artifact.name}, {format_size(artifact.size_bytes)}"))
    return Page(
        f"{result.noun} from “{title}” can be fetched.",
        [],
        facts,
        button=(result.button, link.url),
        below_button=(
            f"The link holds until {link.expires_at:%-d %B %Y, %H:%M} UTC. Whoever has it can "
            "fetch the file; you can withdraw it at any time."
        ),
        warnings=job.warnings,
    )


def _failed(job: Job) -> Page:
    title = title_of(job)
    error = job.error or {}
    code = str(error.get("code", "unexpected"))
    reason = str(error.get("message") or "The job stopped for a reason that was not recorded.")
    facts = [("Recipe", job.recipe_name), ("Reason", code)]
    if stage := error.get("stage"):
        facts.append(("Stage", str(stage).replace("_", " ")))
    return Page(
        f"“{title}” could not be finished.",
        [reason, find_advice(code)],
        facts,
        warnings=job.warnings,
    )


def _cancelled(job: Job) -> Page:
    title = title_of(job)
    return Page(
        f"“{title}” was cancelled.",
        [
            "Nothing more will happen to it. "
            "What was finished before stays until the job is deleted."
        ],
        [("Recipe", job.recipe_name)],
    )
